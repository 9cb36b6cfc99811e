# CIFAR-100's binary version: its folder, and the folder that holds it; super-classes, or in a run the classes.
. cli_tools.sh

# record COARSE FINE NUMBER: one record, of a picture of its own; labels are octal.
make_idx . --count 20 --test 0 --size 64x48
record() {
    printf "\\$1\\$2"
    tail -c +$((17 + 3072 * $3)) train-images-idx3-ubyte | head -c 3072
}
mkdir cifar data
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
    record 023 $((120 + i % 3)) $i
done >cifar/train.bin
record 0 0 12 >cifar/test.bin
mv cifar data/cifar-100-binary
spica info data
echo --
spica info data >parent.txt
spica info data/cifar-100-binary | cmp - parent.txt

spica cluster --no-report data -k 3 -o fine --recipe "$TOPICS/tiny.ini" --method spice-self --split train --set data.classes=fine \
    --quiet >/dev/null
column label fine/clusters.csv | sort | uniq -c
column path fine/clusters.csv | tail -n 1
try cluster data -k 3 -o run --set data.classes=medium
record 024 0 13 >>data/cifar-100-binary/test.bin
try info data
test ! -e run
