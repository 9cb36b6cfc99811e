# A budget sets pica.epochs, and config.ini repeats the run without the clock.
. cli_tools.sh
spica cluster --no-report "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --method pica --budget 4s --quiet >/dev/null
spica cluster --no-report "$SHARED/data" -o again --recipe run/config.ini --quiet >/dev/null
same run again
