# A budget sets pica.epochs, and config.ini repeats the run without the clock.
. cli_tools.sh
spica cluster "$SHARED/data" -k 3 -o run --recipe "$TOPICS/tiny.ini" --method pica --budget 4s --quiet >/dev/null
spica cluster "$SHARED/data" -o again --recipe run/config.ini --quiet >/dev/null
same run again
