# Under a budget, which is of all runs together, the variants have the lengths that the full method has got: equal ones.
# Runs that train no features count for less.
. cli_tools.sh
small=$TOPICS/ablate/small_spice.ini
spica ablate spice "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seeds 1 --budget 7.6s >/dev/null
grep '"budget"' runs/ablation.json
awk '/^\[/ { section = $0 } section == "[features]" && /^(epochs|corrections)/ || section == "[head]" && /^epochs/' runs/full/seed-0/config.ini >full
head -n 1 full | grep -qvx 'epochs = 3'
for variant in non-overlap joint-sh joint-mh entropy ce tce weak-weak strong-weak strong-strong; do
    awk '/^\[/ { section = $0 } section == "[features]" && /^(epochs|corrections)/ || section == "[head]" && /^epochs/' "runs/$variant/seed-0/config.ini" | cmp full -
done
grep -h '^budget' runs/*/*/config.ini | uniq -c
# Stage 1 of an earlier command's costs none of them anything: equal parts.
spica ablate spice "$SHARED/data" -k 3 -o others --recipe "$small" --quiet --seeds 1 --budget 4s --features-from runs/full/seed-0 >/dev/null
grep '"budget"' others/ablation.json
