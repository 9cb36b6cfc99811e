# SPICE's Tables VII and VIII: every variant goes on from the stage 1 of the full method with the same seed, which is
# trained once, and is what spica cluster makes of the options all the same.
. cli_tools.sh
small=$TOPICS/ablate/small_spice.ini
variants="non-overlap entropy ce tce weak-weak strong-weak strong-strong"
spica ablate spice "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seed 4 --seeds 2
column variant runs/ablation.csv | paste -s -d' '

# trained RUN: the seconds of its stage 1, which another training would not have to the last digit.
trained() { tr -d ' \n' <"$1/metrics.json" | grep -o '"features":{[^}]*}' | grep -o '"seconds":[^,}]*'; }
for seed in 4 5; do
    for variant in $variants; do
        cmp "runs/full/seed-$seed/backbone.safetensors" "runs/$variant/seed-$seed/backbone.safetensors"
        cmp "runs/full/seed-$seed/embeddings.npy" "runs/$variant/seed-$seed/embeddings.npy"
        test "$(trained "runs/full/seed-$seed")" = "$(trained "runs/$variant/seed-$seed")"
    done
done
# Where the backbone learns with the heads, it begins as the same one.
for variant in joint-sh joint-mh; do
    cmp runs/full/seed-4/embeddings.npy "runs/$variant/seed-4/embeddings.npy"
    ! cmp -s runs/full/seed-4/backbone.safetensors "runs/$variant/seed-4/backbone.safetensors"
done
test -s runs/gradient-ratio.csv
! cmp -s runs/full/seed-4/backbone.safetensors runs/full/seed-5/backbone.safetensors

for variant in $variants; do
    diff runs/full/seed-4/config.ini "runs/$variant/seed-4/config.ini" | grep '^[<>]' | paste -s -d' '
done
spica cluster --no-report "$SHARED/data" -k 3 -o alone --recipe "$small" --quiet --method spice-self --seed 5 --set head.loss=plain >/dev/null
same alone runs/ce/seed-5

# A run that was lost is made again, from the same features.
cp -r runs/tce/seed-4 kept
rm -r runs/tce/seed-4
spica ablate spice "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seed 4 --seeds 2 >/dev/null
same kept runs/tce/seed-4
test "$(trained kept)" = "$(trained runs/tce/seed-4)"
