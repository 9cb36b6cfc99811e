# A report without the pictures says so; DATA tells where they are now, and other pictures are not taken for them.
cp -r "$SHARED/run" run
sed 's|"path": ".*"|"path": "gone"|' "$SHARED/run/run.json" >run/run.json
spica report run
grep -c 'This report has no pictures' run/report.html
spica report run "$SHARED/data" --quiet
grep -c 'This report has no pictures' run/report.html || true
mkdir others
make_idx others --count 20 --test 10
spica report run others
