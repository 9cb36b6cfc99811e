# A command that has no memory for its first things says so.
. cli_tools.sh
for call in 1 2 100; do
    LD_PRELOAD=$FAIL_CALL FAULT=aligned_alloc:$call try options
done
