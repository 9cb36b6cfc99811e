# On a terminal the name before an error is red, unless NO_COLOR is set; elsewhere there is no colour.
escape=$(printf '\033')
script -qec 'spica frobnicate' terminal >/dev/null && echo "exit 0" || echo "exit $?"
grep -c "$escape\[31mspica:$escape\[0m unknown command" terminal
NO_COLOR=1 script -qec 'spica frobnicate' plain >/dev/null || true
grep -c "^spica: unknown command" plain
spica frobnicate 2>file || true
grep -c "^spica: unknown command" file
