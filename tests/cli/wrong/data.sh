# Data that is missing, empty, damaged or too little: the line names the file; status 3, and no run folder is left.
. cli_tools.sh
try cluster nowhere -k 3 -o run

mkdir empty
try cluster empty -k 3 -o run

mkdir other
echo "no pictures" >other/notes.txt
try cluster other -k 3 -o run

mkdir good
make_idx good --count 60
try cluster good -k 61 -o run

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

mkdir fewer counts
make_idx fewer --count 50
cp good/train-images-idx3-ubyte fewer/train-labels-idx1-ubyte counts
try cluster counts -k 3 -o run

mkdir gzipped
make_idx gzipped --count 60 --gz
head -c 3000 gzipped/train-images-idx3-ubyte.gz >cut
mv cut gzipped/train-images-idx3-ubyte.gz
try cluster gzipped -k 3 -o run

mkdir none
make_idx none --count 0
try cluster none -k 3 -o run

try info nowhere
try info other
test ! -e run
