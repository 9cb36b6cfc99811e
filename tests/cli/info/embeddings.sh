# What an array of floats is, and what spica cluster would do with it.
. cli_arrays.sh
printf '\0\0\100\100\0\0\200\100\0\0\0\0\0\0\0\0\0\0\100\100\0\0\200\100' | array '<f4' False '(3, 2)' >rows.npy
spica info rows.npy 2>/dev/null
spica info rows.npy --set run.method=pica 2>/dev/null | tail -2
