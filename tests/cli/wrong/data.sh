# Data that is missing, empty, damaged or too little: the line names the file; status 3, and no run folder is left.
. cli_tools.sh
try cluster nowhere -k 3 -o run

mkdir empty
try cluster empty -k 3 -o run

mkdir other
echo "no pictures" >other/notes.txt
try cluster other -k 3 -o run

mkdir good
make_idx good
try cluster good -k 81 -o run

cp -r good truncated
head -c 1000 good/train-images-idx3-ubyte >truncated/train-images-idx3-ubyte
try cluster truncated -k 3 -o run

cp -r good header
head -c 10 good/train-images-idx3-ubyte >header/train-images-idx3-ubyte
try cluster header -k 3 -o run

cp -r good long
echo more >>long/train-images-idx3-ubyte
try cluster long -k 3 -o run

cp -r good magic
{ printf '\000\000\011\003' && tail -c +5 good/train-images-idx3-ubyte; } >magic/train-images-idx3-ubyte
try cluster magic -k 3 -o run

mkdir fewer
make_idx fewer --count 50
cp -r good counts
cp fewer/train-labels-idx1-ubyte counts
try cluster counts -k 3 -o run

mkdir gzipped
make_idx gzipped --gz
head -c 3000 gzipped/train-images-idx3-ubyte.gz >short
mv short gzipped/train-images-idx3-ubyte.gz
try cluster gzipped -k 3 -o run

mkdir none
make_idx none --count 0
try cluster none -k 3 -o run

cp -r good half
rm half/t10k-images-idx3-ubyte
try cluster half -k 3 -o run

mkdir stl10
head -c 27648 /dev/zero >stl10/train_X.bin
try cluster stl10 -k 3 -o run
head -c 27649 /dev/zero >stl10/test_X.bin
try cluster stl10 -k 3 -o run
printf '\013' >stl10/train_y.bin
try info stl10 --json
head -c 27648 /dev/zero >stl10/test_X.bin
try info stl10

try info nowhere
try info other
test ! -e run
