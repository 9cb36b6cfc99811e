# SCAN and SCAN* from data to results, on the same features: SCAN* is SCAN before self-labelling. True labels change
# nothing.
. cli_tools.sh
train "$SHARED/data" run --method scan
ls run
spica info run | grep -e method -e stages_done -A 3 | tr -d '\n '
echo
spica assign run "$SHARED/data" --quiet | tr -d '\r' | cut -d, -f1,2 >assigned
tr -d '\r' <run/clusters.csv | cut -d, -f1,2 | cmp - assigned
grep -c all_loss run/log.jsonl
spica eval run | head -n 2

train "$SHARED/data" star --method scan-star --labels none
cmp run/scan.safetensors star/scan.safetensors
cmp star/scan.safetensors star/model.safetensors
cmp run/embeddings.npy star/embeddings.npy
! cmp -s run/model.safetensors star/model.safetensors
