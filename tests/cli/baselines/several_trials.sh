# --trials: every seed has a run of its own, the one that agrees best with the others is RUN, chosen without labels; more
# trials go on from those that are there.
. cli_tools.sh
set -- cluster "$SHARED/data" -k 5 -o run --method kmeans --on pca:3 --set partition.starts=1 --quiet \
    --no-report
try "$@" --trials 3
ls run run/trials
cut -d, -f1-3,16,18 run/trials.csv
chosen=$(column chosen run/trials.csv | grep -n 1 | cut -d: -f1)
cmp run/clusters.csv "run/trials/seed-$((chosen - 1))/clusters.csv"
spica assign run "$SHARED/data" --quiet | cmp - run/clusters.csv
cp run/trials.csv three.csv
cut -d, -f1-3 run/trials.csv >before
spica "$@" --trials 4 --json >four.json
cmp four.json run/trials.json
grep -c '"agreement"' four.json
# Labels, or none: the same choice.
spica cluster --no-report "$SHARED/data" -k 5 -o blind --method kmeans --on pca:3 --set partition.starts=1 --quiet --trials 3 \
    --labels none >/dev/null
cut -d, -f1-3 blind/trials.csv | cmp - before
try "$@" --trials 3 --seed 7
try "$@" --trials 2 --overwrite
ls run/trials
try cluster "$SHARED/data" -k 99 -o never --method kmeans --trials 2 --quiet
test ! -e never
