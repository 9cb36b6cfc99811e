# A file that is there but cannot be read, for which Linux has one: the line names it; status 2 for a recipe, 3 for data.
. cli_tools.sh
mkdir data
make_idx data
printf 'path,cluster\na,0\n' >table.csv
try cluster data -k 3 -o run --recipe /proc/self/mem
try cluster data -k 3 -o run --labels /proc/self/mem --quiet
try eval table.csv --labels /proc/self/mem
try eval /proc/self/mem
test ! -e run
