# What the classic algorithms do not take, in one line that names the options; status 2.
. cli_tools.sh
mkdir data
make_idx data
try cluster data -k 3 -o run --method kmeans --on colours --quiet
try cluster data -k 3 -o run --method kmeans --on pca:0 --quiet
try cluster data -k 3 -o run --method nmf --on pca:4 --quiet
try cluster data -k 3 -o run --method moco-kmeans --on pixels --quiet
try cluster data -k 3 -o run --method kmeans --features-from elsewhere --quiet
try cluster data -k 3 -o run --method pica --features-from elsewhere --quiet
try cluster data -k 3 -o run --features-from elsewhere --set features.weights=w.safetensors --quiet
try cluster data -k 3 -o run --method kmeans --trials 0 --quiet
try ablate pica data -k 3 -o run --trials 2 --quiet
test ! -e run
