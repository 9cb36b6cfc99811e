# Stopped by SIGINT in the first stage and by SIGTERM after it, the run ends with 130 and 143; the same command goes on,
# to the same bytes as without the stops. On the finished run it trains nothing.
. cli_tools.sh
train "$SHARED/data" whole --set joint.steps=20

# stop SIGNAL FILE: begins or goes on, and stops as soon as FILE is there
stop() {
    spica cluster "$SHARED/data" -k 3 -o stopped --recipe "$TOPICS/tiny.ini" --quiet --set joint.steps=20 2>reason &
    while [ ! -e "stopped/$2" ]; do sleep 0.01; done
    kill -s "$1" $!
    { wait $!; } 2>shell && echo "not stopped" || echo "exit $?"
    cat reason
}
stop INT config.ini
test ! -e stopped/backbone.safetensors
stop TERM backbone.safetensors
test ! -e stopped/model.safetensors
train "$SHARED/data" stopped --set joint.steps=20
same whole stopped
stamp=$(stat -c %Y.%i stopped/model.safetensors)
train "$SHARED/data" stopped --set joint.steps=20
test "$stamp" = "$(stat -c %Y.%i stopped/model.safetensors)"
