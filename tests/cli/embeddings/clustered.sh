# A run's embeddings are data themselves: stages that need pictures are left out, the rest is as ever; the model assigns.
. cli_tools.sh
. cli_arrays.sh
rows=$SHARED/run/embeddings.npy
column path "$SHARED/run/clusters.csv" >paths.txt
column label "$SHARED/run/clusters.csv" | paste -d, paths.txt - | sed '1i path,label' >labels.csv
spica cluster --no-report "$rows" -k 3 -o run --recipe "$TOPICS/tiny.ini" --paths paths.txt --labels labels.csv 2>log | sed -n '1,2s/[0-9.]*[0-9]/N/gp'
grep -E '^(features|head|joint): [a-z]' log
for file in clusters.csv embeddings.npy head.safetensors metrics.json model.safetensors probabilities.npy reliable.npy; do
    test -s "run/$file"
done
test ! -e run/backbone.safetensors
cut -d, -f1,5 run/clusters.csv | tr -d '\r' | cmp - labels.csv
spica cluster --no-report "$rows" -k 3 -o run --recipe "$TOPICS/tiny.ini" --paths paths.txt --labels labels.csv --quiet >again.txt
spica cluster --no-report "$rows" -k 3 -o self --recipe "$TOPICS/tiny.ini" --method spice-self --quiet >/dev/null
cmp self/model.safetensors run/model.safetensors
cmp self/probabilities.npy run/probabilities.npy
test ! -e self/reliable.npy
echo -- assigned, embedded, probed
spica assign run "$rows" --paths paths.txt --quiet >assigned.csv
column cluster run/clusters.csv >clusters.txt
column cluster assigned.csv | cmp - clusters.txt
spica embed run "$rows" -o embedded.npy --quiet >/dev/null
cmp embedded.npy run/embeddings.npy
spica probe run --labels labels.csv --quiet | grep -c model.safetensors
echo -- refused
printf 'abcdefghijklmnopqrstuvwx' | array '<f4' False '(3, 2)' >small.npy
try assign run small.npy
try assign run "$SHARED/data" --quiet
try assign "$SHARED/run" "$rows" --quiet
