# A budget is of all runs together, and each has the same part of it: other numbers of runs would have others. It
# sets the lengths, and config.ini keeps no clock.
. cli_tools.sh
small=$TOPICS/ablate/small.ini
spica ablate pica "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seeds 1 --budget 3.5s >/dev/null
grep '"budget"' runs/ablation.json
awk '/^\[/ { section = $0 } section == "[pica]" && /^epochs/' runs/*/*/config.ini | grep -qvx 'epochs = 3'
grep -h '^budget' runs/*/*/config.ini | uniq -c
try ablate pica "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seeds 2 --budget 3.5s | tail -n 2
