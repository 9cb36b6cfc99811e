# The split protocol: trained on one part, scored on the other.
. cli_tools.sh
train "$SHARED/data" run --split train
test "$(wc -l <run/clusters.csv)" -eq 61
spica eval run "$SHARED/data" --split test --quiet
