# A training that leaves the finite numbers stops with the step and the layer, and says which option to look at. Its
# checkpoints are those of finite weights.
. cli_tools.sh
for stage in features pica; do
    method=spice
    [ "$stage" = features ] || method=$stage
    try cluster "$SHARED/data" -k 3 -o "$stage" --recipe "$TOPICS/tiny.ini" --quiet --method $method \
        --set $stage.learning_rate=1000 --set $stage.optimiser=sgd --set $stage.weight_decay=1 \
        --set run.checkpoint_every=0.001s
    grep -o '"outcome": "failed"' "$stage/run.json"
done
