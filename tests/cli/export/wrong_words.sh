# What cannot be exported is said in one line, with the status of its kind.
. cli_tools.sh
try export "$SHARED/run" out
try export "$SHARED/run" --to pdf out
try export "$SHARED/run" --to folders out --link move
try export "$SHARED/run" --to csv
try export nowhere --to csv out.csv
try export "$SHARED/run" --to folders out nowhere --quiet
make_idx "$PWD" --count 60 --test 19
try export "$SHARED/run" --to folders out "$PWD" --quiet
mkdir data
cp "$TOPICS/../golden/pictures/rgb.png" data/one.png
cp -r "$SHARED/run" run
printf 'path,cluster\none.png,0\ntwo.png,1\n' >run/clusters.csv
try export run --to folders out data --quiet
for names in '7,high' 'x,word' '0,cat\n0,dog'; do
    printf "cluster,name\n$names\n" >run/clusters-names.csv
    try export run --to csv out.csv --quiet
done
printf 'cluster,title\n0,cat\n' >run/clusters-names.csv
try export run --to csv out.csv --quiet
ls
