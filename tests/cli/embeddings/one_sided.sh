# A cluster that has almost all rows is warned of, with what may help.
. cli_tools.sh
. cli_arrays.sh
{
    printf '\0\0\200\077\0\0\0\0'
    for row in 1 2 3 4 5 6 7 8 9 10 11; do
        printf '\0\0\0\0\0\0\200\077'
    done
} | array '<f4' False '(12, 2)' >rows.npy
spica cluster --no-report rows.npy -k 2 -o run --method kmeans 2>log >/dev/null
grep 'of the pictures' log
