# Values out of bounds or of another type: one line that names option and value; status 2, and nothing is written.
. cli_tools.sh
mkdir data
make_idx data
try cluster data -k 0 -o run
try cluster data -k 1 -o run
try cluster data -k -3 -o run
try cluster data -k three -o run
try cluster data -o run
try cluster data -k 3 -o run --budget 5x
try cluster data -k 3 -o run --split tset
try cluster data -k 3 -o run --set features.epocs=3
try cluster data -k 3 -o run --set features.epochs=-1
try cluster data -k 3 -o run --set features.epochs=many
try cluster data -k 3 -o run --threads 0x
test ! -e run
