# A finished run becomes one page with every section and nothing from elsewhere, and plots as files.
cp -r "$SHARED/run" run
spica report run --quiet
for section in overview clusters members map training; do
    grep -c "<section id=\"$section\"" run/report.html
done
ls run/plots
# The one address is the name space of SVG.
grep -o 'https\?:[^" ]*' run/report.html | sort -u
grep -c '<img class="tile"' run/report.html
