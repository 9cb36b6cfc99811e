# Stage 1 learns from auxiliary pictures, which are not clustered; a run goes on with the same ones alone.
. cli_tools.sh
mkdir more other
make_idx more --count 40
make_idx other --count 40 --classes 2
train "$SHARED/data" run --method spice-self --auxiliary more
train "$SHARED/data" otherwise --method spice-self --auxiliary other
cmp -s run/backbone.safetensors otherwise/backbone.safetensors && echo "the auxiliary pictures changed nothing"
test "$(wc -l <run/clusters.csv)" -eq "$(wc -l <"$SHARED/run/clusters.csv")"
cp other/* more/
try cluster "$SHARED/data" -o run --recipe run/config.ini --quiet
# Nothing learns from them where stage 1 is another run's.
spica cluster "$SHARED/data" -k 3 -o taken --recipe "$TOPICS/tiny.ini" --method spice-self --features-from "$SHARED/run" \
    --auxiliary more --no-report 2>&1 | grep auxiliary
