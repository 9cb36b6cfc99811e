# What is no embedding, and what embeddings cannot do.
. cli_tools.sh
. cli_arrays.sh
rows=$SHARED/run/embeddings.npy
printf 'abcdefghijklmnopqrstuvwx' | array '<f4' False '(3, 2)' >three.npy
printf '\0\0\200\077\0\0\300\177\0\0\200\377\0\0\0\0' | array '<f4' False '(2, 2)' >nan.npy
try cluster nan.npy -k 2 -o run
try cluster three.npy -k 4 -o run --recipe "$TOPICS/tiny.ini"
try cluster three.npy -k 2 -o run --method pica
try cluster three.npy -k 2 -o run --recipe "$TOPICS/tiny.ini" --set features.weights="$SHARED/run/backbone.safetensors"
printf 'a\nb\n' >names.txt
try cluster three.npy -k 2 -o run --paths names.txt
try cluster "$SHARED/data" -k 2 -o run --paths names.txt
try cluster "$SHARED/data" -k 2 -o run --set features.backbone=none --recipe "$TOPICS/tiny.ini"
try ablate pica three.npy -k 2 -o ablation
test ! -e run
