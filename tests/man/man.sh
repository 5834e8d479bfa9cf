#!/bin/sh
# redial.conf(5) says what the program does: each key with its default, both ways, and examples that
# are configurations.
set -eu
export LC_ALL=C
page=${srcdir:-.}/man/redial.conf.5
redial=${REDIAL:-./redial}
work=$(mktemp -d "${TMPDIR:-/tmp}/redial-man.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0

fail() {
    echo "FAILED: $*"
    status=1
}

# "section key default", a line each; "-" where there is none.
keys_of_page() {
    awk '/^\.Ss Section / { section = "[" $3 "]" }
         /^\.Sh / { section = "" }
         section && /^\.It Ic / { print section, $3, $4 == "No" ? $5 : "-" }' "$page" | sort
}

keys_of_program() {
    "$redial" --help | awk '/^  \[/ { section = $1; next }
        /^    [a-z]/ && section {
            default = match($0, /\([^()]*\)$/) ? substr($0, RSTART, RLENGTH) : "-"
            print section, $1, default }
        /^$/ { if (section) exit }' | sort
}

keys_of_page >"$work/page"
keys_of_program >"$work/program"
[ "$(wc -l <"$work/program")" -gt 20 ] || fail "--help lists hardly any keys"
diff "$work/page" "$work/program" || fail "the keys of the page (<) are not those of redial --help (>)"

# Each literal display with a section is a file: an upstream's own, or redial.conf beside one.
awk -v dir="$work" '/^\.Sh EXAMPLES/ { on = 1 } /^\.Sh SEE/ { on = 0 }
    on && /^\.Ed/ { shown = 0; close(file) }
    shown { print >file }
    on && /^\.Bd -literal/ { shown = 1; file = dir "/example-" ++n }' "$page"
[ -e "$work/example-3" ] || fail "the page has fewer than three examples"
for example in "$work"/example-*; do
    mkdir -p "$example.d/upstreams.d"
    if grep -q '^\[redial\]' "$example"; then
        cp "$example" "$example.d/redial.conf"
        cp "$work/example-1" "$example.d/upstreams.d/name.conf"
    else
        cp "$example" "$example.d/upstreams.d/name.conf"
    fi
    "$redial" --check --config "$example.d" || fail "an example is no configuration:
$(cat "$example")"
done

if command -v mandoc >/dev/null; then
    # that other pages are not in this host's index is no fault of this one
    faults=$(mandoc -Tlint "$page" 2>&1 | grep -v 'mandoc.db\|referenced manual not found' || :)
    [ -z "$faults" ] || fail "$faults"
elif [ $status -eq 0 ]; then
    echo "SKIP: mandoc, which checks the form of the page, is not installed (package mandoc)"
fi
exit $status
