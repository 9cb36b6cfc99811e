#!/bin/sh
# The programs and the shared library are position independent, have their relocations made read-only before they start,
# and guard their stacks and buffers.
#
# hardened.sh FILE...
set -eu
for file in "$@"; do
    said() {
        echo "$file: $1"
        exit 1
    }
    readelf -hW "$file" | grep -q 'Type:.*DYN' || said 'not position independent'
    readelf -lW "$file" | grep -q GNU_RELRO || said 'no read-only relocations (RELRO)'
    readelf -dW "$file" | grep -q 'BIND_NOW\|FLAGS.*NOW' || said 'relocations are not all made at the start (NOW)'
    readelf -lW "$file" | grep 'GNU_STACK' | grep -q ' RW ' || said 'an executable stack'
    readelf -sW "$file" | grep -q __stack_chk_fail || said 'no stack protector'
    readelf -sW "$file" | grep -Eq '__(mem|str|v?s?n?f?printf|p?read|fread)[a-z]*_chk' || said 'no _FORTIFY_SOURCE'
done
