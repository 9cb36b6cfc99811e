# A folder of pictures of every kind and many sizes, with twenty broken files among them, into ten clusters: the run ends
# well and names the twenty.
#
# By hand: MIXED_FOLDER=FOLDER in the environment takes a folder that bench/make_photos made, and --budget 3m.
. cli_tools.sh
golden=$TOPICS/../golden/pictures

# cut PICTURE BYTES NAME: a file that ends too soon.
cut_at() {
    head -c "$2" "$golden/$1" >"data/broken/$3"
}
if [ -n "${MIXED_FOLDER:-}" ]; then
    data=$MIXED_FOLDER
    spica cluster "$data" -k 10 -o run --budget 3m --quiet >/dev/null
else
    data=data
    mkdir -p data/1 data/2 data/broken/deep
    for round in 1 2; do
        find "$golden" -type f ! -name '*.npy' -exec cp {} "data/$round" \;
    done
    for kind in photo.jpg rgb.png lossless.webp interlaced.gif rgb.tif picture.heic rgb.bmp; do
        cut_at $kind 20 "early-$kind"
        cut_at $kind $(($(wc -c <"$golden/$kind") / 3)) "middle-$kind"
    done
    : >data/broken/empty.jpg
    echo 'a text' >data/broken/deep/text.png
    head -c 5000 /dev/zero >data/broken/deep/zeros.gif
    mkfifo data/broken/deep/fifo
    ln -s nowhere data/broken/deep/link.jpg
    { head -c 40 "$golden/rgb.png" && head -c 400 "$golden/photo.jpg"; } >data/broken/mixture.png
    spica cluster data -k 10 -o run --recipe "$TOPICS/tiny.ini" --method spice-self --set data.size=16 --quiet >/dev/null
fi
spica info "$data" --quiet | grep -E '^(kind|bad_files)|^  [A-Z]'
files=$(find -L "$data" ! -type d | wc -l)
echo "$((files - $(grep -c '' run/clusters.csv) - $(grep -c '' run/bad-files.csv) + 2)) files without an answer"
grep -c '' run/bad-files.csv
