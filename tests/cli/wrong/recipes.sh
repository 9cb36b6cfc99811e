# A recipe that does not exist or holds an unknown key or a wrong value: the line names it; status 2.
. cli_tools.sh
mkdir data
make_idx data
printf '[features]\nepocs = 3\n' >misspelt.ini
printf '[features]\nepochs = many\n' >wrong.ini
printf 'no section\n' >broken.ini
try cluster data -k 3 -o run --recipe spice-cifar1
try cluster data -k 3 -o run --recipe none.ini
try cluster data -k 3 -o run --recipe misspelt.ini
try cluster data -k 3 -o run --recipe wrong.ini
try cluster data -k 3 -o run --recipe broken.ini
try recipe spice-cifar1
test ! -e run
