# Batch norm that trains with the heads moves the backbone's statistics: stage 1 is done all the same, is told of in
# metrics.json, and is not run again by the same command. An ablation's variants train their own.
. cli_tools.sh
small=$TOPICS/ablate/small_spice.ini
spica ablate spice "$SHARED/data" -k 3 -o runs --recipe "$small" --quiet --seeds 1 --set head.bn=train >/dev/null
features() { tr -d ' \n' <"$1/metrics.json" | grep -o '"features":{[^}]*}' | grep -o '"seconds":[^,}]*'; }
features runs/full/seed-0 >full
features runs/ce/seed-0 | cmp -s - full || echo "trained apart"
stat -c %Y.%i runs/*/*/backbone.safetensors >before
spica ablate spice "$SHARED/data" -k 3 -o runs --recipe "$small" --seeds 1 --set head.bn=train 2>&1 | grep -c "damaged" || true
stat -c %Y.%i runs/*/*/backbone.safetensors | cmp before -
spica cluster --no-report "$SHARED/data" -k 3 -o alone --recipe "$small" --quiet --method spice-self --set head.bn=train --set head.loss=plain >/dev/null
same alone runs/ce/seed-0
grep -c running_mean alone/head.safetensors
grep -c running_mean "$SHARED/run/head.safetensors" || true
