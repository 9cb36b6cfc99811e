#!/bin/sh
# Both libraries define spica_* for the outside, and nothing else.
#
# exported_symbols.sh LIBSPICA.so LIBSPICA.a
set -eu

# check NM_ARGUMENT...
check() {
    names=$(nm --defined-only --extern-only --format=posix "$@" | awk 'NF > 1 { print $1 }')
    case $names in
    *spica_version*) ;;
    *)
        echo "nm $*: spica_version is not there"
        exit 1
        ;;
    esac
    if others=$(printf '%s\n' "$names" | grep -v '^spica_'); then
        echo "nm $*: internal symbols are visible:" "$others"
        exit 1
    fi
}
check --dynamic "$1"
check "$2"
