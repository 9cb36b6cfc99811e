# What is wrong with known labels is told before anything is written.
. cli_tools.sh
mkdir data
make_idx data
row() { echo "train-images-idx3-ubyte#$1,$2"; }
{ echo path,label; row 0 cat; row 1 dog; row 2 cow; } >three.csv
{ echo path,label; row 0 cat; row 1 cat; } >one.csv
{ echo path,label; row 0 cat; row 1 dog; row 999 cow; } >absent.csv
{ echo path,label; row 0 cat; row 0 dog; } >twice.csv
{ echo path,label; echo a.png,cat; echo b.png,dog; } >strangers.csv
wrong() { try semi data -o run --recipe "$TOPICS/tiny.ini" "$@"; }
wrong
wrong --known
wrong --known missing.csv
wrong --known one.csv
wrong --known absent.csv
wrong --known twice.csv
wrong --known strangers.csv
wrong --known three.csv -k 2
wrong --known three.csv --method pica
try cluster data -k 3 -o run --known three.csv
try cluster data -k 3 -o run --method semi
test ! -e run
