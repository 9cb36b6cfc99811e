# --method spice-self stops after the clustering head.
. cli_tools.sh
train "$SHARED/data" run --method spice-self
cmp run/backbone.safetensors "$SHARED/run/backbone.safetensors"
cmp run/head.safetensors "$SHARED/run/head.safetensors"
test ! -e run/reliable.npy
head -n 2 run/clusters.csv
grep -c joint run/metrics.json || true
