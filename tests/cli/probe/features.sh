# A probe of the run's own data, of other data, and without labels.
. cli_tools.sh
spica probe "$SHARED/run" --quiet
spica probe "$SHARED/run" --quiet --json | grep -c '"weights"'
mkdir other few
make_idx other --count 20 --test 10
spica probe "$SHARED/run" other --split test --quiet | head -n 1
try probe "$SHARED/run" --labels none
make_idx few --count 4 --test 0
try probe "$SHARED/run" few --split train
try probe few
