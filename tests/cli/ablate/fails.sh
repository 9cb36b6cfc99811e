# Settings that leave the finite numbers in all variants but the one without the entropy: recorded, and the others go on.
. cli_tools.sh
spica ablate pica "$SHARED/data" -k 3 -o runs --recipe "$TOPICS/ablate/small.ini" --seeds 1 \
    --set pica.optimiser=sgd --set pica.learning_rate=1000 --set pica.entropy_weight=1000000 2>log
grep -c '^warning: .*, seed 0: pica: the loss is not finite at step' log
tr -d '\r' <runs/ablation.csv | cut -d, -f1,3,9 | head -n 3
grep -c '"reason": "pica: the loss is not finite' runs/ablation.json
