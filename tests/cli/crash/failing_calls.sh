# One call in the middle of a run fails: the run ends well, or says why and goes on to the same bytes.
"$TOPICS/../../scripts/inject-faults" -d "$SHARED/data" 1 pica
