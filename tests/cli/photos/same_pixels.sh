# The same pixels as CIFAR-10's binary version, as an array, as a folder of PNG files and as a tar of them are the same data,
# and the same seed makes the same clusters of them.
#
# By hand: SAME_PIXELS=FOLDER in the environment takes the pictures of a folder, all of 32 x 32, compares the other formats
# with that folder itself, and clusters them by k-means on the pixels.
. cli_tools.sh
if [ -n "${SAME_PIXELS:-}" ]; then
    count=$(spica info "$SAME_PIXELS" --quiet | sed -n 's/^pictures: //p')
    tail -c +4097 "$XDG_CACHE_HOME"/spica/*.pixels | head -c $((3072 * count)) >raw
    set -- --method kmeans
else
    make_idx . --count 30 --test 0 --size 64x48 # as many bytes as 32 x 32 of three colours
    tail -c +17 train-images-idx3-ubyte >raw
    set --
fi
make_pictures raw made

# answers RUN: what the run says of each picture, without the paths, which are the formats' own.
answers() {
    for name in cluster confidence; do
        column $name "$1/clusters.csv"
    done
}
same_model() {
    cmp "$1/probabilities.npy" "$2/probabilities.npy"
    cmp "$1/model.safetensors" "$2/model.safetensors"
}
for data in made/cifar made/array.npy made/png made/png.tar ${SAME_PIXELS:-}; do
    run=run-$(basename "$data")
    train "$data" "$run" --labels none --method spice-self "$@"
    [ -e answers ] || answers "$run" >answers
    answers "$run" | cmp - answers
    [ ! -e run-cifar/model.safetensors ] || same_model run-cifar "$run"
    grep -o '"fingerprint": .*' "$run/run.json" >>fingerprints
    spica info "$data" --labels none --quiet | grep -E '^(kind|duplicates)'
done
uniq fingerprints | wc -l
