# A folder where a file is expected, and a file or folder where a run is: one line that names it; status 2 for a recipe
# or an option, 3 for labels and DATA, 1 for what is no run. No run folder is left.
. cli_tools.sh
mkdir data folder
make_idx data
echo notes >folder/notes.txt
printf 'path,cluster\na,0\nb,1\n' >table.csv
try cluster data -k 3 -o run --recipe folder
try cluster data -k 3 -o run --labels folder --quiet
try cluster data -k 3 -o run --quiet --set features.weights=folder
try cluster data -k 3 -o run --quiet --set features.weights=none.safetensors
try eval table.csv --labels folder
try eval folder
try eval folder --labels table.csv
try assign folder data
try assign table.csv data
try embed folder data -o rows.npy
try embed table.csv data -o rows.npy
test ! -e run
test ! -e rows.npy
