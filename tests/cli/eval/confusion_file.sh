# The confusion matrix as a CSV file, of labels and of another clustering; names that need quotes have them.
. cli_tools.sh
printf 'path,cluster\na,"cat, old"\nb,"cat, old"\nc,dog\nd,dog\n' >named.csv
printf 'path,label\na,x\nb,"the ""y"""\nc,x\n' >labels.csv
printf 'path,cluster\nd,1\nc,1\nb,3\na,1\n' >numbered.csv
spica eval named.csv --labels labels.csv --quiet --confusion classes.csv >/dev/null
tr -d '\r' <classes.csv
spica eval named.csv numbered.csv --quiet --json --confusion clusters.csv >/dev/null
tr -d '\r' <clusters.csv
# What is printed is what is written.
spica eval "$SHARED/run" --quiet --confusion run.csv |
    awk 'NF == 0 { row = 0 } row { print $1 "," $3 "," $4 "," $5 } $1 == "cluster" { row = 1 }' >printed
tr -d '\r' <run.csv | sed 1d | cmp - printed
try eval named.csv --confusion none.csv
try eval named.csv --labels labels.csv --confusion nowhere/none.csv --quiet
try cluster named.csv --confusion none.csv
test ! -e none.csv
