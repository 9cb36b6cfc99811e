# What info tells of a data set: the options of the data count as in a run, and it says what a run would do.
. cli_tools.sh
golden=$TOPICS/../golden/pictures

# told: all but what depends on the pixels.
told() {
    spica info "$@" 2>&1 | grep -vE '^(mean|deviation)'
}
mkdir -p data/cats data/dogs
cp "$golden/rgb.png" data/cats/1.png
cp "$golden/rgb.bmp" data/cats/2.bmp
cp "$golden/large.jpg" data/dogs/3.jpg
: >data/dogs/empty.png
told data --labels none
echo --
told data --quiet --set data.size=24 --set data.fit=letterbox --set run.method=pica | sed -n '/^height/,/^channels/p; /^cluster/,$p'
echo --
printf 'path,label\ncats/1.png,one\ndogs/3.jpg,two\n' >labels.csv
told data --quiet --labels labels.csv | grep -E '^(labelled|class)'
told data --quiet --limit 2 --labels folders | grep -E '^(pictures|labelled|class)'
told "$SHARED/data" --quiet --split test | sed -n '/^pictures/p; /^splits/,/^duplicates/p'
told "$SHARED/data" --quiet --recipe spice-stl10 | sed -n '/^cluster/,$p'
spica info data --quiet --json >facts.json
spica info data --quiet --json --threads 1 | cmp - facts.json
try info data --labels nowhere.csv --quiet
try info data --split middle
