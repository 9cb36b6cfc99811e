# The same pictures, gzipped: the same clusters, under other names.
. cli_tools.sh
mkdir data
make_idx data --gz
train data run
column cluster run/clusters.csv >clusters
column cluster "$SHARED/run/clusters.csv" | cmp - clusters
sed -n '2p;62p' run/clusters.csv | cut -d, -f1
