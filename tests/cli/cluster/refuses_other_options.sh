# A run folder goes on with the options that made it, and is refused to others; --overwrite begins anew.
. cli_tools.sh
cp -r "$SHARED/run" run
try cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --seed 5 --quiet
try cluster "$SHARED/data" -k 4 -o run --recipe "$TOPICS/tiny.ini" --quiet
cmp run/model.safetensors "$SHARED/run/model.safetensors"
try cluster "$SHARED/data" -k 4 -o run --recipe "$TOPICS/tiny.ini" --quiet --overwrite
grep '^clusters' run/config.ini
