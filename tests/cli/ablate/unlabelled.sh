# Without labels there is nothing to compare with, which is told.
. cli_tools.sh
spica ablate pica "$SHARED/data" -k 3 -o runs --recipe "$TOPICS/ablate/small.ini" --quiet --seeds 1 --labels none
head -n 2 runs/ablation.csv | tr -d '\r'
