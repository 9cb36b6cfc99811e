# Stopped by SIGTERM once the features are there, the run ends with 143; the same command then goes on, to the same
# bytes as without the stop. On the finished run it trains nothing.
. cli_tools.sh
train "$SHARED/data" whole --set joint.steps=40
train "$SHARED/data" stopped --set joint.steps=40 &
while [ ! -e stopped/backbone.safetensors ]; do sleep 0.01; done
kill -TERM $!
wait $! && echo "not stopped" || echo "exit $?"
train "$SHARED/data" stopped --set joint.steps=40
same whole stopped
stamp=$(stat -c %Y.%i stopped/model.safetensors)
train "$SHARED/data" stopped --set joint.steps=40
test "$stamp" = "$(stat -c %Y.%i stopped/model.safetensors)"
