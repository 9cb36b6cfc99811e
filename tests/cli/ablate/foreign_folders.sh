# A folder that holds something else is not written into, and neither is a run's or a file.
. cli_tools.sh
mkdir letters
echo dear >letters/letter.txt
echo notes >file
cp -r "$SHARED/run" run
try ablate pica "$SHARED/data" -k 3 -o letters --quiet
try ablate pica "$SHARED/data" -k 3 -o file --quiet
try ablate pica "$SHARED/data" -k 3 -o run --quiet
try ablate pica "$SHARED/data" -k 3 -o file/runs --quiet
ls letters
cat file
test ! -e run/ablation.json
