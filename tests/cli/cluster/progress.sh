# Not on a terminal: plain lines, no control characters, no colour; the estimated time and the clips are among them.
. cli_tools.sh
spica cluster --no-report "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" 2>log >/dev/null
! grep "$(printf '[\033\r]')" log
test "$(wc -l <log)" -ge 3
train "$SHARED/data" quiet 2>quiet.log
test ! -s quiet.log
