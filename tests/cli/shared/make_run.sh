# The small data set and the finished run that the other topics read, in $SHARED.
rm -rf "$SHARED/data" "$SHARED/run"
mkdir "$SHARED/data"
make_idx "$SHARED/data"
spica cluster --no-report "$SHARED/data" -k 3 -o "$SHARED/run" --recipe "$TOPICS/tiny.ini" --quiet
ls "$SHARED/run"
