#!/bin/sh
# The pages are good mdoc(7): mandoc has nothing to say of them.
# shellcheck source=tests/man/lib.sh
. "$(dirname "$0")/lib.sh"

command -v mandoc >/dev/null || {
    echo "SKIP: mandoc is not installed (package mandoc)"
    exit 77
}
for page in "$top"/man/*.[1-8]; do
    # that this host's index lacks a page is no fault of the one that names it
    faults=$(mandoc -Tlint "$page" 2>&1 | grep -v 'mandoc\.db\|referenced manual not found' || :)
    [ -z "$faults" ] || fail "$faults"
    name=${page##*/}
    sed -n 's/^\.Xr \(redial[a-z.]*\) \([0-9]\).*/\1.\2/p' "$page" | sort -u | while read -r other; do
        [ -e "$top/man/$other" ] || echo "$name refers to $other, which is not there"
    done >"$work/dangling"
    [ ! -s "$work/dangling" ] || fail "$(cat "$work/dangling")"
done
exit $status
