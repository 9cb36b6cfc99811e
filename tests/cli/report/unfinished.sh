# What is no finished run has no report.
. cli_tools.sh
mkdir empty
try report empty
cp -r "$SHARED/run" run
rm run/metrics.json
try report run
try report
