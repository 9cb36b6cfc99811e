# The views of grey pictures without a recipe of their own differ more in brightness and contrast than coloured ones'.
views() {
    spica cluster --no-report "$1" -k 3 -o run --set features.epochs=0.1 --set head.epochs=1 --set joint.steps=1 --quiet \
        --overwrite >/dev/null
    awk '/^\[/ { section = $0 }
        section == "[features.augment]" && /^(jitter_probability|brightness|contrast)/' run/config.ini
}
mkdir grey
make_idx grey
seq 20000 | head -c 61440 >raw # twenty pictures of 32 x 32 RGB pixels
make_pictures raw coloured
views grey
views coloured/array.npy
