# Output that cannot be written: one line that names it; status 1.
. cli_tools.sh
echo occupied >file
try cluster "$SHARED/data" -k 3 -o file --recipe "$TOPICS/tiny.ini" --quiet
try cluster "$SHARED/data" -k 3 -o file/run --recipe "$TOPICS/tiny.ini" --quiet
try cluster "$SHARED/data" -k 3 -o /proc/run --recipe "$TOPICS/tiny.ini" --quiet
try embed "$SHARED/run" "$SHARED/data" -o nowhere/embeddings.npy --quiet
cat file
