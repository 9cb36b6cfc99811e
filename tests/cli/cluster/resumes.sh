# Stopped by SIGINT in the first stage, by SIGTERM after it and by SIGHUP in the last one, the run ends with 130, 143 and
# 129; the same command goes on from the step where it stood, to the same bytes as without the stops. On the finished run
# it trains nothing.
. cli_tools.sh
train "$SHARED/data" whole --set joint.steps=20

# stop SIGNAL FILE: begins or goes on, and stops as soon as FILE is there
stop() {
    spica cluster --no-report "$SHARED/data" -k 3 -o stopped --recipe "$TOPICS/tiny.ini" --quiet --set joint.steps=20 2>reason &
    while [ ! -e "stopped/$2" ]; do sleep 0.01; done
    kill -s "$1" $!
    { wait $!; } 2>shell && echo "not stopped" || echo "exit $?"
    cat reason
}
stop INT config.ini
test ! -e stopped/backbone.safetensors
stop TERM backbone.safetensors
test ! -e stopped/model.safetensors
stop HUP reliable.npy
test ! -e stopped/model.safetensors
test -e stopped/checkpoint/joint.ckpt
test ! -e stopped/lock
train "$SHARED/data" stopped --set joint.steps=20
test ! -e stopped/checkpoint/joint.ckpt
same whole stopped
cmp whole/log.jsonl stopped/log.jsonl
stamp=$(stat -c %Y.%i stopped/model.safetensors)
train "$SHARED/data" stopped --set joint.steps=20
test "$stamp" = "$(stat -c %Y.%i stopped/model.safetensors)"
