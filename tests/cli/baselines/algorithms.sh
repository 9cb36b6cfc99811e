# Every classic algorithm finds the blobs in the pixels. Those that leave a rule give the same pictures the same rows
# when they are assigned; of the others assign says why not. A done stage is not repeated.
for method in kmeans spherical-kmeans nmf gmm spectral agglomerative; do
    spica cluster --no-report "$SHARED/data" -k 3 -o $method --method $method --on pixels --quiet
    spica assign $method "$SHARED/data" --quiet >rows.csv && cmp rows.csv $method/clusters.csv || echo "exit $?"
done
sed -n '1p; 3p' gmm/clusters.csv
sed -n 3p spectral/clusters.csv
ls gmm spectral
stamp=$(stat -c %Y.%i gmm/partition.safetensors)
spica cluster --no-report "$SHARED/data" -k 3 -o gmm --method gmm --on pixels --quiet >/dev/null
test "$stamp" = "$(stat -c %Y.%i gmm/partition.safetensors)"
for key in partition clustering_seconds log_likelihood silhouette mean_confidence calibration_error smallest_share; do
    grep -q "\"$key\":" gmm/metrics.json || echo "$key is missing"
done
# What a run has none of, no other command asks for.
for method in gmm spectral; do
    spica report $method --quiet >/dev/null && test -s $method/report.html
done
spica embed spectral "$SHARED/data" -o embeddings.npy --quiet || echo "exit $?"
