# A second process on a run is refused with the process and the host that work on it; --overwrite does not help. What a
# killed process left is no lock.
. cli_tools.sh
spica cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --quiet >/dev/null 2>said &
first=$!
while [ ! -s run/lock ]; do sleep 0.01; done
cat run/lock | sed "s/$first/FIRST/; s/$(hostname)/HOST/"
for option in "" --overwrite; do
    spica cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --quiet $option 2>&1 && echo "exit 0" || echo "exit $?"
done | sed "s/process $first on $(hostname)/process FIRST on HOST/"
kill -KILL $first
{ wait $first; } 2>shell || true
test -e run/lock
spica cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" 2>&1 >/dev/null | grep "sudden end" |
    sed "s/process $first on $(hostname)/process FIRST on HOST/"
test ! -e run/lock
same "$SHARED/run" run
