# What PICA cannot do is told before anything is written; what it should not is a warning.
. cli_tools.sh
mkdir data small
make_idx data
make_idx small --size 9x9
wrong() { try cluster data -k 3 -o run --recipe "$TOPICS/tiny.ini" --method pica "$@"; }
wrong --set pica.batch=1
wrong --set pica.overclusters=2
wrong --set pica.repeats=0
wrong --auxiliary small
wrong --auxiliary missing
test ! -e run
wrong --set pica.batch=2 --set pica.epochs=0.01 | grep -e "but 2 pictures" -e exit
# Predictions that have left the finite numbers are not counted.
try cluster data -k 3 -o run --recipe "$TOPICS/ablate/small.ini" --method pica --quiet --overwrite \
    --set pica.optimiser=sgd --set pica.learning_rate=1000 --set pica.entropy_weight=1000000 \
    --set pica.evaluate_every=0.000001
# What the recipe over-clusters by is no hindrance.
wrong --overwrite --set pica.epochs=0.01 -k 7 | grep -e over-clustering -e exit
# Not every method learns from more pictures.
try cluster data -k 3 -o other --method kmeans --auxiliary small
try ablate pica data -k 3 -o other --recipe "$TOPICS/tiny.ini" --set pica.entropy_weight=0
test ! -e other
