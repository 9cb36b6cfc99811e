# Where stage 1 is an earlier command's, by its run or by its weights, and no stage 3 follows, the budget is stage 2's,
# which the clock ends. config.ini repeats the run without the clock.
. cli_tools.sh
sed '/^\[head\]/,/^\[/ s/^epochs = .*/epochs = 1000000/' "$TOPICS/tiny.ini" >long.ini
for given in from="$SHARED/run" weights="$SHARED/run/backbone.safetensors"; do
    spica cluster --no-report "$SHARED/data" -k 3 -o run --recipe long.ini --method spice-self --budget 4s \
        --set features."$given" --quiet >/dev/null
    # By split_head alone it would have a twentieth; the guess behind the plan may miss by any factor.
    seconds=$(sed -n '/"head"/,/}/ s/.*"seconds": \([0-9.]*\).*/\1/p' run/metrics.json)
    awk -v seconds="$seconds" 'BEGIN { exit !(seconds > 0.5 && seconds < 8) }'
    spica cluster --no-report "$SHARED/data" -o again --recipe run/config.ini --quiet >/dev/null
    cmp run/clusters.csv again/clusters.csv
    cmp run/head.safetensors again/head.safetensors
    rm -r run again
done
