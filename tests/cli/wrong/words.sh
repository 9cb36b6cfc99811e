# Wrong words on the command line: one line that names the word, with the nearest known one; status 2.
. cli_tools.sh
try clutser data
try frobnicate
try cluster data -k 3 -o run --bugdet 5m
try cluster data -k 3 -o run --frobnicate
try cluster data -k 3 -o run --seed
try cluster data -k 3 -o run --overwrite=yes
try cluster data more -k 3 -o run
try cluster
try cluster data -k 3
try cluster data -k 3 -o run --set features.epochs
try bench frobnicate
test ! -e run
