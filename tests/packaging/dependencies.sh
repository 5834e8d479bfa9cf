#!/bin/sh
# The table of dependencies in CONTRIBUTING.md has what configure.ac demands, in the same versions.
set -eu
top=${srcdir:-.}
status=0
# check TABLE CONFIGURE: each library that configure demands has its row
check() {
    sed -n 's/^ *REDIAL_LIBRARY(\[[A-Z_]*\], \[\([a-z]*\)[a-z_]* >= \([0-9.]*\)\].*/\1 \2/p' "$2" | while read -r name version; do
        case $name in
        libcares) name=c-ares ;;
        check) name=Check ;;
        esac
        grep -q "^| $name | $version |" "$1" || echo "CONTRIBUTING.md does not say: $name, at least $version"
    done
}
missing=$(check "$top/CONTRIBUTING.md" "$top/configure.ac")
if [ -n "$missing" ]; then
    printf 'FAILED: %s\n' "$missing"
    status=1
fi
# ... and it would be noticed.
[ "$(check /dev/null "$top/configure.ac" | wc -l)" -ge 5 ] || {
    echo "FAILED: configure.ac is not understood"
    status=1
}
exit $status
