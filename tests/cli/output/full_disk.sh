# A disk that is full: standard output on /dev/full, and files that may not grow beyond 8 blocks of 512 bytes.
. cli_tools.sh
spica assign "$SHARED/run" "$SHARED/data" --quiet 2>&1 >/dev/full && echo "exit 0" || echo "exit $?"
(
    trap '' XFSZ
    ulimit -f 8
    try cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --quiet
)
test ! -e run/backbone.safetensors
test ! -e run/model.safetensors
train "$SHARED/data" run
same "$SHARED/run" run
