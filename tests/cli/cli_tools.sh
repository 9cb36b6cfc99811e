# Sourced by tests that run several commands: . cli_tools.sh

# try ARGUMENT...: runs spica and prints the command, what it says on either stream, and its exit status.
try() {
    echo "\$ spica $*"
    spica "$@" 2>&1 && echo "exit 0" || echo "exit $?"
}

# column NAME FILE.csv: the cells of one column of a CSV file without quoted cells, header left out.
column() {
    tr -d '\r' <"$2" | awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }'
}

# train DATA RUN ARGUMENT...: a run of the tiny recipe into 3 clusters, silent when it goes well.
train() {
    train_data=$1 train_run=$2
    shift 2
    spica cluster --no-report "$train_data" -k 3 -o "$train_run" --recipe "$TOPICS/tiny.ini" --quiet "$@" >/dev/null
}

# same RUN RUN...: the runs have the same clusters and the same model, byte for byte.
same() {
    for same_run in "$@"; do
        for same_file in clusters.csv probabilities.npy model.safetensors; do
            cmp "$1/$same_file" "$same_run/$same_file"
        done
    done
}
