# Ablations that there are none of, and wrong words and values: one line that names them; status 2, or 3 for data. Nothing
# is written.
. cli_tools.sh
mkdir data
make_idx data
try ablate
try ablate pica
try ablate pcia data -k 3 -o runs
try ablate pica data -k 3
try ablate pica data -k 3 -o runs --seeds 0
try ablate pica data -k 3 -o runs --seeds 1001
try ablate pica data -k 3 -o runs --seeds two
try ablate pica data -k 3 -o runs --seeds -1
try ablate pica data -k 3 -o runs --seeds
try ablate pica data -k 3 -o runs --seed 9007199254740991
try ablate pica data -k 3 -o runs --method spice
try ablate pica data -k 3 -o runs --overwrite
try ablate pica data -o runs --quiet
try ablate pica nowhere -k 3 -o runs --quiet
try cluster data -k 3 -o runs --seeds 3
test ! -e runs
mkdir empty
try ablate pica nowhere -k 3 -o empty --quiet
rmdir empty
