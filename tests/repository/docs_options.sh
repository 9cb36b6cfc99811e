#!/bin/sh
# docs/options.md is what the program prints, and every option that another page names exists.
#
# docs_options.sh SPICA
set -eu
spica=$1
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$spica" options >"$scratch/options.md"
if ! diff -u docs/options.md "$scratch/options.md"; then
    echo "docs/options.md is old: spica options >docs/options.md"
    exit 1
fi

# The first word of each section's keys, as in features.epochs.
grep -o '`[a-z_]*\.[a-z_.0-9]*`' docs/options.md | tr -d '`' | sort -u >"$scratch/known"
sections=$(cut -d. -f1 "$scratch/known" | sort -u | tr '\n' '|' | sed 's/|$//')
# Names of files look the same: head.safetensors.
grep -Eoh "\`($sections)\.[a-z_.0-9]+( = [^\`]*)?\`" README.md docs/*.md docs/methods/*.md | tr -d '`' | sed 's/ = .*//' |
    grep -Ev '\.(safetensors|npy|csv|json|ini|[0-9].*)$' | sort -u >"$scratch/named"
if unknown=$(grep -Fxv -f "$scratch/known" "$scratch/named"); then
    echo "options named in docs that do not exist:" "$unknown"
    exit 1
fi
