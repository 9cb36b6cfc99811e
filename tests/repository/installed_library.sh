#!/bin/sh
# Installs into a scratch folder, moves it, and builds and runs a program there by pkg-config: once with the shared
# library and once with the static one.
#
# installed_library.sh BUILD_FOLDER COMPILER [COMPILER_FLAG...]
set -eu
build=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/first" >/dev/null
mv "$scratch/first" "$scratch/moved"
configuration=$(find "$scratch/moved" -name spica.pc)
library_folder=$(dirname "$(find "$scratch/moved" -name libspica.a)")
PKG_CONFIG_PATH=$(dirname "$configuration")
export PKG_CONFIG_PATH

cat >"$scratch/program.c" <<'PROGRAM'
#include <spica/spica.h>
#include <stdio.h>
int main(void) {
    spica_context *context;
    spica_options *options;
    if (spica_context_open(&context, NULL) != SPICA_OK) return 1;
    if (spica_options_open(context, &options) != SPICA_OK) return 2;
    if (spica_options_set(context, options, "run.cluster", "3") != SPICA_ERROR_OPTION) return 3;
    printf("%s: %s\n", spica_version(), spica_context_reason(context));
    spica_options_close(context, &options);
    spica_context_close(&context);
    return 0;
}
PROGRAM

# Words of pkg-config are words of the compiler.
# shellcheck disable=SC2046
"$@" -o "$scratch/shared" "$scratch/program.c" $(pkg-config --cflags --libs spica)
# shellcheck disable=SC2046
"$@" -o "$scratch/static" "$scratch/program.c" $(pkg-config --static --cflags --libs spica |
    sed 's/-lspica/-l:libspica.a/')

for kind in shared static; do
    said=$(LD_LIBRARY_PATH="$library_folder" "$scratch/$kind")
    case $said in
    [0-9]*.[0-9]*.[0-9]*:*run.clusters*) ;;
    *)
        echo "the $kind program said: $said"
        exit 1
        ;;
    esac
done
if readelf -d "$scratch/static" | grep -q libspica; then
    echo "the static program needs libspica.so"
    exit 1
fi

if [ -x "$build/spica" ]; then
    "$scratch/moved/bin/spica" --version >/dev/null
fi
