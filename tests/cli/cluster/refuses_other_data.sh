# A run folder goes on with the pictures that made it only.
. cli_tools.sh
cp -r "$SHARED/run" run
mkdir other
make_idx other --count 61
try cluster other -k 3 -o run --recipe "$TOPICS/tiny.ini" --quiet
