# The training pictures come out where the run put them; other pictures get rows of the same columns.
. cli_tools.sh
spica assign "$SHARED/run" "$SHARED/data" --quiet >rows.csv
cut -d, -f1-3,5 "$SHARED/run/clusters.csv" >expected
cut -d, -f1-3,5 rows.csv | cmp - expected
mkdir new
make_idx new --count 5 --test 0 --size 20x12
spica assign "$SHARED/run" new/train-images-idx3-ubyte --labels none --quiet

# A run of direct convolutions has other bits, and its model computes as it did.
train "$SHARED/data" direct --method spice-self --set run.convolutions=direct
train "$SHARED/data" fast --method spice-self
if grep -q avx2 /proc/cpuinfo && cmp -s direct/probabilities.npy fast/probabilities.npy; then
    echo "direct and fast have the same bits"
fi
spica assign direct "$SHARED/data" --quiet | cut -d, -f1-3 >rows.csv
cut -d, -f1-3 direct/clusters.csv | cmp - rows.csv
