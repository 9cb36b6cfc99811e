# A budget sets scan.epochs and self_label.epochs, and config.ini repeats the run without the clock.
. cli_tools.sh
spica cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --method scan --budget 8s --quiet >/dev/null
spica cluster "$SHARED/data" -o again --recipe run/config.ini --quiet >/dev/null
same run again
cmp run/scan.safetensors again/scan.safetensors
