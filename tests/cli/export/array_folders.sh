# Pictures of an IDX file become PNG files in a folder for each cluster, the surest first; what was written is read back
# as it was. A second export into the same folder is refused, and a dry run writes nothing.
. cli_tools.sh
try export "$SHARED/run" --to folders out --quiet
find out -type f | wc -l
find out -type f | sed 's,^out/cluster-[0-2]/[0-9][0-9]-\(train\|t10k\)-images-idx3-ubyte#[0-9]*\.png$,as expected,' | sort -u
spica info out --json --quiet | grep -E '"(kind|height|width|channels|pictures)":' | tr -d ' '

# The pixels are those of the run: every picture is assigned to the cluster of its folder again.
spica assign "$SHARED/run" out --quiet | tr -d '\r' | awk -F, 'NR > 1 { split($1, parts, "/"); print (parts[1] == "cluster-" $2) }' | sort | uniq -c | tr -s ' '

# Ranks begin at 1 and follow the confidence.
spica export "$SHARED/run" --to csv table.csv --quiet
tr -d '\r' <table.csv | head -1
tr -d '\r' <table.csv | awk -F, 'NR > 1 { print $3, $4, $5 }' | sort -k1,1 -k2,2n | awk '
    $1 != group { group = $1; rank = 0; last = 2 }
    { rank++; if ($2 != rank || $3 > last) print "wrong order:", $0; last = $3 }'
spica export "$SHARED/run" --to folders nowhere --dry-run --quiet | tr -d '\r' | sed 1d | cut -d, -f1 | sort >planned
(cd out && find . -type f | sed 's|^\./||' | sort) | cmp - planned
test ! -e nowhere

try export "$SHARED/run" --to folders out --quiet
try export "$SHARED/run" --to folders other --link symlink --quiet
test ! -e other
try export "$SHARED/run" --to labelstudio tasks.json --quiet
try export "$SHARED/run" --to csv table.csv --quiet
try export "$SHARED/run" --to csv out --quiet
