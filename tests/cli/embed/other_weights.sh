# Weights of another shape, and a file that is no weights file.
. cli_tools.sh
train "$SHARED/data" wide --set features.width=32 --method spice-self
try cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --quiet --set features.weights=wide/backbone.safetensors
try cluster "$SHARED/data" -k 3 -o run2 --recipe "$TOPICS/tiny.ini" --quiet --set features.weights=nowhere.safetensors
echo "no weights at all, only text" >text.safetensors
try embed text.safetensors "$SHARED/data" -o out.npy --quiet
