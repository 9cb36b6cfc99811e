# Clusters of another program have any names, and come in the order of labels: whole numbers first, by value. What they
# are called changes no score.
printf 'path,cluster\na,cat\nb,10\nc,cat\nd,9\ne,"a name, and a long one at that"\nf,-1\n' >named.csv
printf 'path,cluster\na,4\nb,1\nc,4\nd,0\ne,3\nf,2\n' >numbered.csv
printf 'path,label\na,x\nb,y\nc,x\nd,y\ne,y\nf,x\n' >labels.csv
spica eval named.csv --labels labels.csv --quiet | sed -n 1,9p
spica eval named.csv --labels labels.csv --quiet | sed -n 2,3p >named
spica eval numbered.csv --labels labels.csv --quiet | sed -n 2,3p | cmp - named
spica eval named.csv --json | tr -d '\n' | grep -o '"cluster_names".*\]'
spica eval numbered.csv --json | grep cluster_names || echo "numbers have no names"
