# --json prints metrics.json.
cp -r "$SHARED/run" run
spica cluster --no-report "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --quiet --json >printed
cmp printed run/metrics.json
for key in acc nmi nmi_geometric ari purity clusters pictures sizes stages features head joint seconds epochs steps; do
    grep -q "\"$key\":" printed || echo "$key is missing"
done
