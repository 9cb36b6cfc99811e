# A tar gives what its folder gives, whatever wrote it; broken members cost themselves, and a compressed one is refused.
. cli_tools.sh
golden=$TOPICS/../golden/pictures
mkdir -p data/cats data/dogs
for name in rgb.png palette.png grey.png rgb.tif bits.bmp lossless.webp; do cp "$golden/$name" "data/cats/$name"; done
for name in photo.jpg progressive.jpg film.gif turned6.jpg; do cp "$golden/$name" "data/dogs/a,\"b\" $name"; done
head -c 300 "$golden/photo.jpg" >data/dogs/cut.jpg
mkfifo data/cats/fifo
tar -C data -cf pictures.tar .
tar -C data --format=ustar -cf other dogs cats

train data run --set data.size=16 --method spice-self
for packed in pictures.tar other; do
    train "$packed" "$packed.run" --set data.size=16 --method spice-self
    same run "$packed.run"
    cmp run/bad-files.csv "$packed.run/bad-files.csv"
done
tr -d '\r' <run/bad-files.csv
spica info pictures.tar --quiet | grep -E '^(kind|pictures|bad_files|classes)'
gzip -k pictures.tar
mv pictures.tar.gz packed
try info packed
head -c 700 pictures.tar >short.tar
try info short.tar
