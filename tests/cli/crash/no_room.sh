# A run that the disk has no room for is refused before anything is computed, with what it needs.
. cli_tools.sh
LD_PRELOAD=$FAIL_CALL FREE_BYTES=2000000 spica cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --quiet 2>&1 &&
    echo "exit 0" || echo "exit $?"
ls -A run
