# Stopped by SIGTERM once the features are there, the run ends with 143; the same command then goes on, to the same
# bytes as without the stop. On the finished run it trains nothing.
. cli_tools.sh
train "$SHARED/data" whole --set joint.steps=20
spica cluster "$SHARED/data" -k 3 -o stopped --recipe "$TOPICS/tiny.ini" --quiet --set joint.steps=20 2>reason &
while [ ! -e stopped/backbone.safetensors ]; do sleep 0.01; done
kill -TERM $!
{ wait $!; } 2>shell && echo "not stopped" || echo "exit $?"
cat reason
test ! -e stopped/model.safetensors
train "$SHARED/data" stopped --set joint.steps=20
same whole stopped
stamp=$(stat -c %Y.%i stopped/model.safetensors)
train "$SHARED/data" stopped --set joint.steps=20
test "$stamp" = "$(stat -c %Y.%i stopped/model.safetensors)"
