#!/bin/sh
# clang-tidy finds nothing in the sources under the rules of .clang-tidy. Needs a build folder's compile commands.
#
# tidy.sh BUILD_FOLDER
set -eu
build=$1
cd "$(dirname "$0")/../.."

case $(clang-tidy --version 2>/dev/null) in
*'version 14.'*) ;;
*)
    echo "clang-tidy 14 is not here"
    exit 77
    ;;
esac
# clang does not know gcc's flag for every warning or option. Its analyser gives up a function after so many states
# (225,000 by default, which takes three times as long and found nothing more).
find src examples -name '*.c' -print0 |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet --extra-arg=-Wno-unknown-warning-option \
        --extra-arg=-Wno-ignored-optimization-argument --extra-arg=-Xclang --extra-arg=-analyzer-config \
        --extra-arg=-Xclang --extra-arg=max-nodes=30000 2>/dev/null
