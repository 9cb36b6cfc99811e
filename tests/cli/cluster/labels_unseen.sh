# Labels are for evaluation: without them, and with shuffled ones, the clusters are the same.
. cli_tools.sh
train "$SHARED/data" none --labels none
for file in probabilities.npy model.safetensors backbone.safetensors reliable.npy; do
    cmp "$SHARED/run/$file" "none/$file"
done
head -n 1 none/clusters.csv
column cluster "$SHARED/run/clusters.csv" >clusters
column cluster none/clusters.csv | cmp - clusters

{
    echo path,label
    column path none/clusters.csv | awk '{ print $0 ",class " NR % 7 }'
} >shuffled.csv
train "$SHARED/data" shuffled --labels shuffled.csv
column cluster shuffled/clusters.csv | cmp - clusters
cmp "$SHARED/run/model.safetensors" shuffled/model.safetensors
head -n 1 shuffled/clusters.csv
! cmp shuffled/clusters.csv "$SHARED/run/clusters.csv" >/dev/null
