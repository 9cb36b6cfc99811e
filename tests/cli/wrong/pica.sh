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
