# Runs of both methods killed at random instants go on to the bytes of a run that was not.
"$TOPICS/../../scripts/kill-runs" -d "$SHARED/data" 3
