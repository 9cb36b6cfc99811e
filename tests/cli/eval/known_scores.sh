# Five pictures in two clusters against two classes, one picture apart: ACC 4/5, and by scikit-learn 1.2
# normalized_mutual_info_score 0.432538068 and adjusted_rand_score 0.166666667.
printf 'path,cluster,label\na,0,x\nb,0,x\nc,0,y\nd,1,y\ne,1,y\n' >five.csv
spica eval five.csv --json --quiet >five.json
for pair in '"acc": 0.8' '"nmi": 0.432538' '"nmi_geometric": 0.432538' '"ari": 0.166666' '"purity": 0.8'; do
    grep -q "$pair" five.json || echo "no $pair"
done
