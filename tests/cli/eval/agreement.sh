# Two clusterings are joined on path, whatever their order and their clusters' names; no labels are needed. The scores
# are scikit-learn 1.2's of the six pictures in both: adjusted_rand_score 0.242424242, normalized_mutual_info_score
# 0.515803743, with the geometric mean 0.529540578.
. cli_tools.sh
printf 'path,cluster,label\na,cat,1\nb,cat,1\nc,dog,1\nd,dog,2\ne,"x, y",2\nf,"x, y",2\ng,cat,2\n' >first.csv
printf 'cluster,path\n3,f\n0,b\n0,a\n3,e\n3,d\n0,c\n7,z\n7,y\n' >second.csv
spica eval first.csv second.csv --quiet
spica eval second.csv first.csv --quiet --json >json
for pair in '"acc": 0.666666' '"nmi": 0.515803' '"nmi_geometric": 0.529540' '"ari": 0.242424' '"pictures": 6,'; do
    grep -q "$pair" json || echo "no $pair"
done
tr -d ' \n' <json | grep -o '"first".*}'
tr -d ' \n' <json | grep -o '"matched".*\]'
# A run agrees with its own table and with itself.
for other in "$SHARED/run" "$SHARED/run/clusters.csv"; do
    spica eval "$SHARED/run" "$other" --quiet | sed -n 1,3p
done
# With the labels taken for clusters: the scores that evaluation gives.
tr -d '\r' <"$SHARED/run/clusters.csv" | awk -F, '{ print $1 "," (NR == 1 ? "cluster" : "class " $5) }' >labels.csv
spica eval "$SHARED/run" labels.csv --quiet | sed -n 3p | awk '{ print $2, $4, $6 }' >agreement
spica eval "$SHARED/run" --quiet | sed -n 2p | awk '{ print $2, $4, $6 }' | cmp - agreement
