#!/bin/sh
# Reports are sound HTML and work in a browser. Needs Chromium, tidy, Node and npm, which scripts/deps installs.
#
# report_in_browser.sh PROGRAMS SHARED WORK: PROGRAMS come first on PATH; SHARED holds a run (tests/cli); WORK is emptied.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH=$1:$PATH shared=$2 work=$3
for program in chromium tidy node npm; do
    command -v "$program" >/dev/null || {
        echo "$program is not here"
        exit 77
    }
done

mkdir -p "$work"
cd "$work"
rm -rf run large hostile data names
if ! cmp -s "$here/package-lock.json" package-lock.json.fetched; then
    cp "$here/package.json" "$here/package-lock.json" .
    # Where it cannot be had, all but the browser's part is tested.
    rm -f package-lock.json.fetched
    if npm ci --no-audit --no-fund --silent; then cp "$here/package-lock.json" package-lock.json.fetched; fi
fi
cp "$here/report_test.js" .
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME

cp -r "$shared/run" run
spica report run "$shared/data" --quiet >/dev/null

mkdir data
make_idx data --count 20500 --test 10 --classes 2 --size 8x8
spica cluster data -k 2 -o large --method kmeans --on pixels --quiet >/dev/null

picture=$here/../golden/pictures/rgb.png
mkdir names
for name in '<script>hostile=1</script>' '"><img src=x onerror=hostile=1>' "' onload='hostile=1" '&lt;b&gt;.png' '%00.png' \
    '..%2f..%2fpasswd' "$(printf 'line\nbreak')" "$(printf 'bytes \377')" ']]><!--' '</title>' '`${hostile=1}`'; do
    mkdir -p "names/$(printf '%s' "$name" | tr / _)"
    cp "$picture" "names/$(printf '%s' "$name" | tr / _)/$(printf '%s' "$name" | tr / _)"
done
spica cluster names -k 2 -o hostile --method kmeans --on pixels --quiet >/dev/null

# tidy 5.6 does not know all of HTML as it is now.
for report in run hostile large; do
    tidy -quiet -errors --drop-empty-elements no "$report/report.html" 2>&1 |
        grep -v -E 'loading|inputmode|<(img|svg|path|rect|circle|text)>.*proprietary' >complaints || true
    if [ -s complaints ]; then
        head -n 20 complaints
        exit 1
    fi
done
test -e package-lock.json.fetched || {
    echo "npm cannot bring playwright-core: no browser has seen the reports"
    exit 77
}
NODE_PATH=$work/node_modules node report_test.js run large hostile
