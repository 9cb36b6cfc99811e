# As many clusters as pictures, 20.
mkdir data
make_idx data --count 12 --test 8 --classes 4
spica cluster --no-report data -k 20 -o run --recipe "$TOPICS/tiny.ini" --quiet
test "$(wc -l <run/clusters.csv)" -eq 21
