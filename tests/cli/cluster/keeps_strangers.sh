# A folder that is no run is not written into, and --overwrite does not empty it.
. cli_tools.sh
mkdir letters
echo dear >letters/letter.txt
try cluster "$SHARED/data" -k 3 -o letters --recipe "$TOPICS/tiny.ini" --quiet
try cluster "$SHARED/data" -k 3 -o letters --recipe "$TOPICS/tiny.ini" --quiet --overwrite
ls letters
