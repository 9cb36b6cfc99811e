. cli_tools.sh
train "$SHARED/data" run --threads 1
test "$(wc -l <run/clusters.csv)" -eq 81
