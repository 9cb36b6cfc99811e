# The training pictures come out where the run put them; other pictures get rows of the same columns.
. cli_tools.sh
spica assign "$SHARED/run" "$SHARED/data" --quiet >rows.csv
cut -d, -f1-3,5 "$SHARED/run/clusters.csv" >expected
cut -d, -f1-3,5 rows.csv | cmp - expected
mkdir new
make_idx new --count 5 --test 0 --size 20x12
spica assign "$SHARED/run" new/train-images-idx3-ubyte --labels none --quiet
