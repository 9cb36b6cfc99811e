# moco-kmeans is kmeans on embeddings. Stage 1 of a finished run serves other methods, seeds and numbers of clusters, and
# a run that has taken it over needs that other run no more. Stages of other data or options are refused.
. cli_tools.sh
cp -r "$SHARED/run" donor
train "$SHARED/data" moco --method moco-kmeans --features-from donor
train "$SHARED/data" plain --method kmeans --on embeddings --features-from donor
cmp moco/clusters.csv plain/clusters.csv
cmp moco/embeddings.npy donor/embeddings.npy
spica assign moco "$SHARED/data" --quiet | cmp - moco/clusters.csv
spica cluster --no-report "$SHARED/data" -k 4 -o self --method spice-self --recipe "$TOPICS/tiny.ini" --seed 5 --features-from donor \
    --quiet >/dev/null
cmp self/backbone.safetensors donor/backbone.safetensors
set -- cluster "$SHARED/data" -k 3 --method gmm --on embeddings --recipe "$TOPICS/tiny.ini" --quiet
try "$@" -o limited --limit 40 --features-from donor
try "$@" -o other --set features.temperature=0.5 --features-from donor
try "$@" -o none --features-from nowhere
ls
rm -r donor
train "$SHARED/data" moco --method moco-kmeans --features-from donor
