# Archives of arrays as NumPy writes them: splits, and one array; what is wrong with others.
. cli_tools.sh
archives=$TOPICS/../golden/npy
cp "$archives/splits.npz" "$archives/stored.npz" .
spica info splits.npz
echo --
spica info stored.npz
echo --
spica cluster --no-report splits.npz -k 2 -o run --split train --recipe "$TOPICS/tiny.ini" --method spice-self --quiet >/dev/null
column path run/clusters.csv
column label run/clusters.csv
spica assign run splits.npz --split test --quiet >test.csv
column path test.csv
head -c 600 splits.npz >short.npz
try info short.npz
{ head -c 200 stored.npz && printf '\007' && tail -c +202 stored.npz; } >damaged.npz
try info damaged.npz
try cluster stored.npz -k 4 -o other --labels none
test ! -e other
