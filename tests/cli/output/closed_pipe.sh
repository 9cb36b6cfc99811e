# Whoever read the progress, or the answer, goes away: the run is finished all the same.
. cli_tools.sh
start() { spica cluster --no-report "$SHARED/data" -k 3 --recipe "$TOPICS/tiny.ini" "$@"; }
{
    start -o progress 2>&1 >answer || true
} | head -n 1 >/dev/null
grep -c clusters.csv answer
{
    start -o answer-lost --quiet 2>said || echo "exit $?" >status
} | true
cat status said
same "$SHARED/run" progress answer-lost
