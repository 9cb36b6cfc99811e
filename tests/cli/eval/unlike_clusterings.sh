# What cannot be compared: one line that names the file.
. cli_tools.sh
printf 'path,cluster\na,0\nb,1\n' >fine.csv
printf 'path,cluster\nc,0\nd,1\n' >foreign.csv
printf 'path,cluster\na,0\nb,1\na,0\n' >twice.csv
printf 'path,label\na,0\n' >labels.csv
printf 'path,cluster\n' >empty.csv
mkdir folder
try eval fine.csv foreign.csv
try eval fine.csv twice.csv
try eval twice.csv fine.csv
try eval fine.csv labels.csv
try eval fine.csv folder
try eval fine.csv nowhere.csv
try eval fine.csv empty.csv
try eval nowhere.csv fine.csv
try eval folder fine.csv
