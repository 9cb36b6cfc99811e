# Stopped by SIGINT in the middle, an ablation ends with 130 and the same command goes on, to the same bytes as without
# the stop; on a finished one it trains nothing. Other options are refused, and the results stay.
. cli_tools.sh
small=$TOPICS/ablate/small.ini
spica ablate pica "$SHARED/data" -k 3 -o whole --recipe "$small" --quiet --seeds 1 >tables

spica ablate pica "$SHARED/data" -k 3 -o stopped --recipe "$small" --quiet --seeds 1 2>reason &
while [ ! -e stopped/no-overclustering ]; do sleep 0.01; done
kill -s INT $!
{ wait $!; } 2>shell && echo "not stopped" || echo "exit $?"
cat reason
test ! -e stopped/kaiming
column variant stopped/ablation.csv | head -n 2
spica ablate pica "$SHARED/data" -k 3 -o stopped --recipe "$small" --quiet --seeds 1 | grep -v '^7 runs' >others
grep -v '^7 runs' tables | cmp - others
cmp whole/ablation.json stopped/ablation.json
for variant in full no-entropy no-overclustering no-perturbation gaussian xavier kaiming; do
    same "whole/$variant/seed-0" "stopped/$variant/seed-0"
done

stat -c %Y.%i whole/*/*/model.safetensors >before
spica ablate pica "$SHARED/data" -k 3 -o whole --recipe "$small" --quiet --seeds 1 >again
stat -c %Y.%i whole/*/*/model.safetensors | cmp before -
cmp tables again
cp whole/ablation.csv kept.csv
try ablate pica "$SHARED/data" -k 3 -o whole --recipe "$small" --quiet --seeds 1 --set pica.epochs=1 | tail -n 2
try ablate pica "$SHARED/data" -k 3 -o whole --recipe "$small" --quiet --seeds 1 --budget 1h | tail -n 2
cmp whole/ablation.csv kept.csv
