# Clusters of one name become one group, different names that become one folder name stay apart, and ranks run through a
# group. A cluster without a name is called by its number.
. cli_tools.sh
mkdir data
for name in a b c d e f g; do cp "$TOPICS/../golden/pictures/rgb.png" "data/$name.png"; done
cp -r "$SHARED/run" run
cat >run/clusters.csv <<'END'
path,cluster,confidence,reliable,label
a.png,0,0.5,1,x
b.png,1,0.9,0,y
c.png,0,0.9,,x
d.png,2,0.25,1,y
e.png,1,,1,
f.png,3,1,1,x
g.png,4,0.75,1,x
END
printf 'cluster,name\n1,Dogs\n0,Dogs\n3,"dogs"\n4,do?s\n' >run/clusters-names.csv
try export run --to folders out data --quiet --json
find out -type f | LC_ALL=C sort
try export run --to csv names.csv --quiet
tr -d '\r' <names.csv
try export run --to json names.json --quiet
cat names.json
try export run --to coco names.coco.json data --quiet
cat names.coco.json
try export run --to labelstudio names.tasks.json data --quiet
cat names.tasks.json
try export run --to folders planned data --dry-run --quiet
