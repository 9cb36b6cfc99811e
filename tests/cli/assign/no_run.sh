# Something that is no run: one line that names it; status 1. Missing data: status 3.
. cli_tools.sh
mkdir empty
try assign nowhere "$SHARED/data" --quiet
try assign empty "$SHARED/data" --quiet
try assign "$SHARED/run" nowhere --quiet
head -c 300 "$SHARED/run/model.safetensors" >cut.safetensors
try embed cut.safetensors "$SHARED/data" -o out.npy --quiet
mkdir broken
cp "$SHARED/run/config.ini" "$SHARED/run/run.json" broken
cp cut.safetensors broken/model.safetensors
try assign broken "$SHARED/data" --quiet
test ! -e out.npy
