# A run, its CSV, and the CSV with a file of labels give the same scores. What needs no labels is told as far as it is
# known.
. cli_tools.sh
spica eval "$SHARED/run" --quiet >whole.txt
cat whole.txt
grep -v '^smallest' whole.txt >run.txt
# scores ARGUMENT...
scores() {
    spica eval "$@" --quiet | grep -v '^smallest'
}
scores "$SHARED/run/clusters.csv" | cmp - run.txt
cut -d, -f1,5 "$SHARED/run/clusters.csv" >labels.csv
cut -d, -f1,2 "$SHARED/run/clusters.csv" >clusters.csv
scores clusters.csv --labels labels.csv | cmp - run.txt
scores "$SHARED/run" "$SHARED/data" | cmp - run.txt
scores "$SHARED/run" --labels auto | cmp - run.txt
! spica eval "$SHARED/run" --labels none --quiet | grep ACC
