# Every variant with every seed: the tables, a row per run, and runs that are what spica cluster makes of the options.
. cli_tools.sh
small=$TOPICS/ablate/small.ini
spica ablate pica "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seed 4 --seeds 2

column variant runs/ablation.csv | paste -s -d' '
column seed runs/ablation.csv | paste -s -d' '
tr -d '\r' <runs/ablation.csv | awk -F, 'NR > 1 && $9 != ($7 < 3 ? "empty clusters" : "done")'
mean=$(grep '^full,' runs/ablation.csv | awk -F, '{ sum += $3 } END { printf "%.3f", sum / NR }')
spica ablate pica "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seed 4 --seeds 2 | grep '^  with entropy  *'"$mean" >/dev/null
spica ablate pica "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seed 4 --seeds 2 --json >printed
cmp printed runs/ablation.json

for variant in no-entropy no-overclustering no-perturbation gaussian xavier kaiming; do
    diff runs/full/seed-4/config.ini "runs/$variant/seed-4/config.ini" | grep '^[<>]' || true
done
spica cluster --no-report "$SHARED/data" -k 3 -o alone --recipe "$small" --quiet --method pica --seed 5 --set pica.entropy_weight=0 >/dev/null
same alone runs/no-entropy/seed-5
