# heads.csv tells of every head after every epoch and marks the one that the loss chose; reliable.csv of the labels.
# Without true labels there is nothing to tell of accuracies, and the choice is the same.
. cli_tools.sh
tr -d '\r' <"$SHARED/run/heads.csv" | sed -n '1p'
column epoch "$SHARED/run/heads.csv" | uniq -c | tr -s ' '
column selected "$SHARED/run/heads.csv" | sort | uniq -c | tr -s ' '
column epoch_best "$SHARED/run/heads.csv" | sort | uniq -c | tr -s ' '
awk -F, 'NR > 1 && $9 + 0 == 1 { print "\"selected_head\": " $2 "," }' "$SHARED/run/heads.csv" >chosen
grep -q -f chosen "$SHARED/run/metrics.json"
tr -d '\r' <"$SHARED/run/reliable.csv" | cut -d, -f1,2
