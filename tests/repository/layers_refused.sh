#!/bin/sh
# scripts/check-layers passes the tree as it is, and names the file where an include or a name is wrong.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# refuse FILE LINE: a copy of the sources with LINE added to FILE must fail, and the message must name FILE
refuse() {
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree"
    cp -r "$root/CMakeLists.txt" "$root/src" "$root/include" "$scratch/tree"
    mkdir -p "$(dirname "$scratch/tree/$1")"
    printf '%s\n' "$2" >>"$scratch/tree/$1"
    if said=$("$root/scripts/check-layers" "$scratch/tree"); then
        echo "not refused: $2 in $1"
        exit 1
    fi
    case $said in
    *"$1"*) ;;
    *)
        echo "$2 in $1: the message does not name the file: $said"
        exit 1
        ;;
    esac
}

"$root/scripts/check-layers"
refuse src/base/log.c '#include "data/dataset.h"'
refuse src/config/options.h '#include "data/dataset.h"'
refuse src/nn/net.h '  #  include "cluster/knn.h"'
refuse src/augment/augment.h '#include "nn/net.h"'
refuse src/cluster/knn.h '#include "state/anything.h"'
refuse src/nn/net.h '#include "methods/spice/moco.h"'
refuse src/methods/inference.h '#include "run/anything.h"'
refuse src/cli/main.c '#include "base/log.h"'
refuse src/base/log.c '#include "../nn/net.h"'
refuse src/nn/net.h '#include <oneapi/dnnl/dnnl.h>'
refuse src/data/bmp.h '#include <vips/vips.h>'
refuse src/decode/decode_picture.h '#include "nn/net.h"'
refuse include/spica/spica.h '#include "base/status.h"'
refuse src/attic/anything.c '#include "spica/spica.h"'
refuse src/nn/log.h '/* a second file of this name */'
