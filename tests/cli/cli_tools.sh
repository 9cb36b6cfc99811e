# Sourced by tests that run several commands: . cli_tools.sh

# try ARGUMENT...: runs spica and prints the command, what it says on either stream, and its exit status.
try() {
    echo "\$ spica $*"
    spica "$@" 2>&1 && echo "exit 0" || echo "exit $?"
}

# column NAME FILE.csv: the cells of one column of a CSV file without quoted cells, header left out.
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' "$2"
}
