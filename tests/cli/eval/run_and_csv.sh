# A run, its CSV, and the CSV with a file of labels give the same scores.
. cli_tools.sh
spica eval "$SHARED/run" --quiet >run.txt
cat run.txt
spica eval "$SHARED/run/clusters.csv" --quiet | cmp - run.txt
cut -d, -f1,5 "$SHARED/run/clusters.csv" >labels.csv
cut -d, -f1,2 "$SHARED/run/clusters.csv" >clusters.csv
spica eval clusters.csv --labels labels.csv --quiet | cmp - run.txt
spica eval "$SHARED/run" "$SHARED/data" --quiet | cmp - run.txt
spica eval "$SHARED/run" --labels auto --quiet | cmp - run.txt
! spica eval "$SHARED/run" --labels none --quiet | grep ACC
