# CSV files that do not fit: one line that names file and line.
. cli_tools.sh
printf 'path,label\na,x\n' >no_cluster.csv
try eval no_cluster.csv --quiet
printf 'path,cluster\na,0\nb,\n' >no_name.csv
try eval no_name.csv --quiet
printf 'path,cluster\na,0\n"b,1\n' >no_quote.csv
try eval no_quote.csv --quiet
printf 'path,cluster\na,0\nb\n' >short.csv
try eval short.csv --quiet
printf 'path,cluster\n' >empty.csv
try eval empty.csv --quiet
printf 'path,cluster\na,0\nb,1\n' >fine.csv
printf 'path,label\nc,x\n' >others.csv
try eval fine.csv --labels others.csv --quiet
try eval fine.csv --labels nowhere.csv --quiet
try eval nowhere.csv --quiet
