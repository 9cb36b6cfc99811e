# Under a --memory-limit that does not suffice a run stops with what it asked for and what makes it need less; without
# the limit it goes on to the same clusters as a run that had none.
. cli_tools.sh
train "$SHARED/data" whole
try cluster --no-report "$SHARED/data" -k 3 -o limited --recipe "$TOPICS/tiny.ini" --quiet --memory-limit 16M
train "$SHARED/data" limited
same whole limited
# The least that suffices takes plans that keep less, which changes nothing.
larger() { # FOLDER OPTION...: a run whose training keeps much
    spica cluster --no-report "$SHARED/data" -k 3 --recipe "$TOPICS/tiny.ini" --method spice-self \
        --set features.batch=64 --set data.size=40 --set features.epochs=1 -o "$@" >/dev/null 2>log
}
megabytes=50
until larger "within$megabytes" --memory-limit ${megabytes}M; do
    megabytes=$((megabytes + 1))
    test $megabytes -lt 100
done
grep -o 'convolutions are computed again' log
larger free
same free within$megabytes

for size in 0 3X M -4G 99999999999G 4GB; do
    try cluster "$SHARED/data" -k 3 -o none --memory-limit $size
done
test ! -e none
