# Embeddings of the training pictures are the run's own where the run used the same weights; the file has NumPy's header.
. cli_tools.sh
spica embed "$SHARED/run/backbone.safetensors" "$SHARED/data" -o backbone.npy --quiet
cmp backbone.npy "$SHARED/run/embeddings.npy"
spica embed "$SHARED/run" "$SHARED/data" --split test -o test.npy --quiet
head -c 128 test.npy | tr -d '\n' | cut -c 11-80
