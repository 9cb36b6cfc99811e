# The report of a run of PICA draws its records: a histogram and a map of predictions for every evaluation, its scores.
. cli_tools.sh
train "$SHARED/data" run --method pica
spica report run --quiet
ls run/plots | grep pica
grep -o 'Confidences at epoch [0-9.]*' run/report.html | sort -u
grep -o 'Predictions, evaluation [0-9]* of [0-9]*' run/report.html | sort -u
