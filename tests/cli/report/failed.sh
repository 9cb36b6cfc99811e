# A report that cannot be made takes nothing away: the scores are printed, and the status tells.
. cli_tools.sh
cp -r "$SHARED/run" "it's run"
touch "it's run/plots"
try cluster "$SHARED/data" -k 3 -o "it's run" --recipe "$TOPICS/tiny.ini" --quiet
# Every session's record holds its command line as a shell reads it.
grep '"command"' "it's run/run.json"
