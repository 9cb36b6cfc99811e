# Whatever pictures and clusters are called, everything lies below the target, under names that are safe and different.
. cli_tools.sh
picture=$TOPICS/../golden/pictures/rgb.png
long=$(printf 'x%.0s' $(seq 1 251)).png
mkdir -p data/deep
cp "$picture" 'data/<script>alert(1)<\script>.png'
cp "$picture" 'data/a "quote", and %00.png'
cp "$picture" "data/$(printf 'two\nlines \033[31m.png')"
cp "$picture" "data/$(printf 'not utf-8 \377\300\257.png')"
cp "$picture" "data/$long"
cp "$picture" data/-rf
cp "$picture" data/...
cp "$picture" data/deep/same.png
cp "$picture" data/same.png
cp "$picture" outside.png
ln -s ../outside.png data/link.png

# The rows that a run on these would have; the last ones lead out of the folder.
cp -r "$SHARED/run" run
printf 'path,cluster,confidence,reliable\n' >run/clusters.csv
(
    cd data
    find . -type f -o -type l | sed 's|^\./||' | LC_ALL=C sort | grep -av '^two$' | grep -av '^lines' |
        sed 's/"/""/g; s/.*/"&",0,0.5,/'
) >>run/clusters.csv
printf '"two\nlines \033[31m.png",1,0.9,1\n../outside.png,1,0.8,0\n%s/outside.png,2,0.7,\n' "$PWD" >>run/clusters.csv
printf 'cluster,name\n0,../../escape\n1,"..\\..?escape"\n2,/etc\n' >run/clusters-names.csv

try export run --to folders out data --quiet
(cd out && find . | LC_ALL=C sort | sed "s/x\{200,\}/x.../")
find out -type f -exec cmp "$picture" {} \;
find out | LC_ALL=C grep -c '[^ -~]' || true
find out -name 'xxx*' -o -name '*-xxx*' | awk -F/ '{ print length($NF) }'
ls -A | tr '\n' ' ' && echo

# Links lead to the pictures, wherever the target stands; hard links are the pictures.
mkdir links
try export run --to folders links/soft data --link symlink --quiet
find links -type l -exec cmp {} "$picture" \;
find links -type l -exec readlink {} \; | grep -c "^$PWD/"
try export run --to folders hard data --link hardlink --quiet
find hard -type f -samefile outside.png | wc -l

# A link that waits in the target is not followed: the folder is not empty.
mkdir trap
ln -s "$PWD/elsewhere" trap/_._.._escape
try export run --to folders trap data --quiet
test ! -e elsewhere

# The other forms: bytes that are no UTF-8 are percent-escaped, quotes and line breaks quoted.
try export run --to csv all.csv data --quiet
grep -c 'script' all.csv
try export run --to json all.json data --quiet
grep -a -o 'not utf-8 [^"]*' all.json
try export run --to coco all.coco.json data --quiet
grep -c '"width":20,"height":14' all.coco.json
grep '"id":[0-9]*,"name"' all.coco.json
try export run --to labelstudio tasks.json data --quiet | sed "s,$PWD,HERE,"
test ! -e tasks.json
sed -i '/outside/d' run/clusters.csv
try export run --to labelstudio tasks.json data --quiet | sed "s,$PWD,HERE,"
head -c 15 tasks.json | od -An -c | tr -s ' '
grep -a 'script' tasks.json
grep -a -o 'd=data/not[^"]*' tasks.json
ls -A | grep -v -e '^[a-z.]*$' || true
