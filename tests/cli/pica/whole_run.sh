# PICA from data to results: the files of a run, the records of its analyses, and the commands that read them. The same
# command gives the same bytes, with labels, without, and stopped in between.
. cli_tools.sh
train "$SHARED/data" run --method pica
ls run
head -n 1 run/pica-confidence.csv | cut -d, -f1-5
column epoch run/pica-confidence.csv
head -n 1 run/pica-cases.csv | tr -d '\r'
column case run/pica-cases.csv | sort -u

spica info run | grep -e '^method' -e stages_done
spica assign run "$SHARED/data" --quiet | tr -d '\r' | cut -d, -f1,2 >assigned
tr -d '\r' <run/clusters.csv | cut -d, -f1,2 | cmp - assigned
spica eval run | head -n 2
spica embed run "$SHARED/data" -o embeddings.npy --quiet
cmp embeddings.npy run/embeddings.npy

train "$SHARED/data" unlabelled --method pica --labels none
cmp run/probabilities.npy unlabelled/probabilities.npy
cmp run/model.safetensors unlabelled/model.safetensors
test ! -e unlabelled/pica-cases.csv

spica cluster --no-report "$SHARED/data" -k 3 -o stopped --recipe "$TOPICS/tiny.ini" --quiet --method pica 2>reason &
while [ ! -e stopped/config.ini ]; do sleep 0.01; done
kill -s TERM $!
wait $! || echo "exit $?"
test ! -e stopped/model.safetensors
train "$SHARED/data" stopped --method pica
same run stopped
cmp run/pica-confidence.csv stopped/pica-confidence.csv
