# A cluster without a picture does not count, with labels and without.
printf 'path,cluster,label\na,0,x\nb,0,x\nc,3,y\nd,3,x\n' >table.csv
spica eval table.csv | sed -n 1p
spica eval table.csv --labels none | sed -n 1p
spica eval table.csv --json | grep '"clusters"'
