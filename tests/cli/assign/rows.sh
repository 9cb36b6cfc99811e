# The training pictures come out where the run put them; other pictures get rows of the same columns.
. cli_tools.sh
spica assign "$SHARED/run" "$SHARED/data" --quiet >rows.csv
column cluster rows.csv >assigned
column cluster "$SHARED/run/clusters.csv" | cmp - assigned
column path rows.csv >paths
column path "$SHARED/run/clusters.csv" | cmp - paths
mkdir new
make_idx new --count 5 --test 0 --size 20x12
spica assign "$SHARED/run" new/train-images-idx3-ubyte --labels none --quiet
