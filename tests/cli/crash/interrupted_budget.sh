# A run under a time budget that is interrupted goes on with the lengths that were set; its config.ini makes the same
# one again, without interruption.
. cli_tools.sh
go() {
    exec spica cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --budget 10s --quiet \
        --set run.checkpoint_every=0.05s "$@" >/dev/null 2>&1
}
go &
while [ ! -e run/checkpoint/features.ckpt ]; do sleep 0.01; done
sleep 0.3
kill -KILL $!
{ wait $!; } 2>shell || true
go &
while [ ! -e run/checkpoint/joint.ckpt ]; do sleep 0.01; done
kill -INT $!
{ wait $!; } 2>shell || true
(go)
spica cluster "$SHARED/data" -o again --recipe run/config.ini --quiet >/dev/null
same run again
