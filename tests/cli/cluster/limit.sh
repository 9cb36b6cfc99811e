# --limit takes a random subset, in data order.
. cli_tools.sh
train "$SHARED/data" run --limit 30
test "$(wc -l <run/clusters.csv)" -eq 31
column path run/clusters.csv >paths
column path "$SHARED/run/clusters.csv" | grep -F -x -f paths | cmp - paths
