# A finished run becomes one page with every section and nothing from elsewhere, and plots as files.
cp -r "$SHARED/run" run
spica report run --quiet
for section in overview clusters members map training; do
    grep -c "<section id=\"$section\"" run/report.html
done
ls run/plots
# Every head is a curve, the selected one among them.
for plot in heads-loss heads-accuracy; do
    grep -o 'class="faint"' run/plots/$plot.svg | wc -l
    grep -c 'selected head' run/plots/$plot.svg
done
# The one address is the name space of SVG.
grep -o 'https\?:[^" ]*' run/report.html | sort -u
grep -c '<img class="tile"' run/report.html
grep -o 'Where the cluster shows in them' run/report.html | sort -u
