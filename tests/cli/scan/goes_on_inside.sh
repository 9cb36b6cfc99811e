# SCAN's steps go on where they were stopped, with the same bits and the same log.
. cli_tools.sh
go() { train "$SHARED/data" "$1" --method scan --set scan.epochs=6 --set self_label.epochs=6; }
# stop_when RUN COMMAND...: a run that is stopped as soon as the command succeeds.
stop_when() {
    stopped=$1
    shift
    spica cluster "$SHARED/data" -k 3 -o "$stopped" --recipe "$TOPICS/tiny.ini" --method scan --set scan.epochs=6 \
        --set self_label.epochs=6 --quiet >/dev/null 2>&1 &
    while ! "$@" 2>/dev/null; do sleep 0.02; done
    kill -s TERM $! 2>/dev/null || true
    wait $! || true
}
go whole
stop_when run test -e run/scan.safetensors
stop_when run grep -q '"scan"' run/checkpoint/stages.json
go run
same whole run
cmp whole/scan.safetensors run/scan.safetensors
cmp whole/log.jsonl run/log.jsonl
