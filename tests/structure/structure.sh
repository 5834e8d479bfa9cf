#!/bin/sh
# Holds src/ to its shape: layers, no cycles, guarded headers that are no umbrellas, short files
# and functions. usage: structure.sh [SRC]; prints each fault, then the figures.
set -eu

here=$(dirname "$0")
src=${1:-${srcdir:-$here/../..}/src}
found=$(cd "$src" && find . -name '*.[ch]' | sed 's|^\./||' | LC_ALL=C sort)
if [ -z "$found" ]; then
    echo "structure: no source file in $src"
    exit 1
fi
status=0
here=$(cd "$here" && pwd)
# shellcheck disable=SC2086 # a list of names, none of which holds a space
(cd "$src" && LC_ALL=C awk -f "$here/includes.awk" $found) || status=1
# shellcheck disable=SC2086
(cd "$src" && LC_ALL=C awk -f "$here/shape.awk" $found) || status=1
exit $status
