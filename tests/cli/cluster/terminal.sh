# On a terminal one line is redrawn in place with the rate; the results stand on lines of their own.
export SHARED TOPICS
script -qec 'spica cluster --no-report "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini"' terminal >/dev/null
tr '\r' '\n' <terminal >lines
grep -q "^$(printf '\033')\[Kfeatures: [0-9]* of [0-9]* steps, [0-9.]* steps/s, loss [0-9.]*" lines
# Where a warning stands before them, it has wiped the line away.
grep -c "^\($(printf '\033')\[K\)\{0,1\}80 pictures in " lines
