# What is kept of decoded pictures is listed and removed; it is only kept where there is a place for it.
. cli_tools.sh
golden=$TOPICS/../golden/pictures
mkdir data
cp "$golden/rgb.png" "$golden/photo.jpg" data
try cache
spica info data --quiet | grep -E '^(kind|pictures|bad|dupl|height|width|classes)'
try info data/rgb.png --quiet | grep pictures
try cache list | sed "s|$XDG_CACHE_HOME|CACHE|"
spica cache --json | grep -c '"whole": true'
try cache clear
try cache clear --json
SPICA_CACHE_LIMIT=0 spica info data --quiet >/dev/null
ls "$XDG_CACHE_HOME/spica" | wc -l
echo no folder >file
XDG_CACHE_HOME=$PWD/file try info data | grep -E 'memory|exit'
SPICA_DECODE=/nowhere/helper try info data
try cache forget
