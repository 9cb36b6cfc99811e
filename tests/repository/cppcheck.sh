#!/bin/sh
# cppcheck finds nothing in the sources but what cppcheck.txt tells to be wrong.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v cppcheck >/dev/null; then
    echo "cppcheck is not here"
    exit 77
fi
here=tests/repository
cppcheck --enable=warning,performance,portability --quiet --std=c11 --max-configs=1 --library=posix --library="$here/cppcheck.cfg" \
    --suppressions-list="$here/cppcheck.txt" --error-exitcode=1 -j "$(nproc)" -Iinclude -Isrc src examples bench
