#!/bin/sh
# The sources are formatted as .clang-format says, by the clang-format that Debian 12 has: others lay out differently.
set -eu
cd "$(dirname "$0")/../.."

case $(clang-format --version 2>/dev/null) in
*'version 14.'*) ;;
*)
    echo "clang-format 14 is not here"
    exit 77
    ;;
esac
find src include tests bench examples -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
