# A folder of pictures of every kind, broken ones and strange names among them: the run ends well, tells what it left out,
# and a second run takes the pictures from the cache and gives the same.
. cli_tools.sh
golden=$TOPICS/../golden/pictures
mkdir -p data/cats data/dogs
for name in rgb.png palette.png grey.png alpha.png wide.png rgb.tif grey.tif rgb.bmp bits.bmp lossless.webp film.gif; do
    cp "$golden/$name" "data/cats/$name"
done
for name in photo.jpg progressive.jpg grey.jpg cmyk.jpg large.jpg picture.heic picture.avif turned6.jpg; do
    cp "$golden/$name" "data/dogs/$name.txt" # no name is believed
done
cp "$golden/turned1.jpg" 'data/cats/a,comma "quote".jpg'
cp "$golden/turned2.jpg" "data/cats/$(printf 'not utf-8 \377.jpg')"
cp "$golden/turned3.jpg" "data/dogs/$(printf 'two\nlines.jpg')"
ln -s ../dogs data/cats/loop

head -c 300 "$golden/photo.jpg" >'data/cats/cut, "in two".jpg'
: >data/dogs/empty.png
echo "a text" >data/dogs/text.jpg
mkfifo data/dogs/fifo
ln -s nowhere data/dogs/gone.jpg
head -c 2000 /dev/zero >data/dogs/zeros.png

train data run --set data.size=16 --method spice-self
tr -d '\r' <run/bad-files.csv
echo --
tr -d '\r' <run/duplicates.csv
echo --
grep -c '^' run/clusters.csv
grep -a 'comma' run/clusters.csv | tr -d '\r'
grep -a 'utf' run/clusters.csv | od -c | grep -c 377
grep -a -A1 '"dogs/two' run/clusters.csv | tr -d '\r'
train data again --set data.size=16 --method spice-self
same run again
cmp run/bad-files.csv again/bad-files.csv
cmp run/duplicates.csv again/duplicates.csv
ls "$XDG_CACHE_HOME/spica" | wc -l
try cluster data -k 3 -o strict --recipe "$TOPICS/tiny.ini" --set data.strict=true --set data.size=16 --method spice-self
test ! -e strict
rm data/cats/cut* data/dogs/empty.png data/dogs/text.jpg data/dogs/fifo data/dogs/gone.jpg data/dogs/zeros.png
train data clean --set data.size=16 --method spice-self
test ! -e clean/bad-files.csv
same run clean
try assign run data/dogs/large.jpg.txt --quiet
