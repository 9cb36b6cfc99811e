# What a data set, a run and a weights file are.
spica info "$SHARED/data"
echo --
spica info "$SHARED/run" >run.txt
grep -c clusters run.txt
spica info "$SHARED/run/model.safetensors"
echo --
spica info "$SHARED/data" --json | head -c 1
