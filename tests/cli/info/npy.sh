# Arrays of NumPy: one file, and data.npy with label.npy; what is wrong with others.
. cli_tools.sh
. cli_arrays.sh
mkdir data
printf 'abcdefghijklABCDEFGHIJKL' | array '|u1' False '(2, 2, 2, 3)' >data/data.npy
printf '\011\000\000\000\002\000\000\000' | array '<i4' False '(2,)' >data/label.npy
spica info data
spica info data >folder.txt
spica info data/data.npy | cmp - folder.txt
echo --
cp data/data.npy pictures
spica info pictures
echo --
printf abcd | array '<f4' False '(1, 1, 1)' >float.npy
try cluster float.npy -k 2 -o run
printf abcdefgh | array '|u1' True '(2, 2, 2)' >fortran.npy
try cluster fortran.npy -k 2 -o run
printf abcdefg | array '|u1' False '(2, 2, 2)' >short.npy
try cluster short.npy -k 2 -o run
printf '\001\002\003' | array '|u1' False '(3,)' >data/label.npy
try cluster data -k 2 -o run
try cluster data -k 3 -o run --labels none
test ! -e run
