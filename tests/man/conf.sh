#!/bin/sh
# conf/ names every key with its default, and is a configuration: as it is, and with every key in
# use.
# shellcheck source=tests/man/lib.sh
. "$(dirname "$0")/lib.sh"

conf=$top/conf
sample=$conf/upstreams.d/example.conf.sample

# A key in use, or shown in a comment: "section key value"
keys_of() {
    sed -n -e 's/^\[\([a-z]*\)\]$/\1/p' -e 's/^# \([a-z-]* = .*\)/\1/p' -e 's/^[a-z-]* *= .*/&/p' "$1" |
        awk 'NF == 1 { section = $1; next } { key = $1; sub(/^[^=]*= */, ""); print section, key, $0 }'
}

# shellcheck disable=SC2317 # called by its name, below
in_use() {
    sed 's/^# \([a-z-]* = .*\)/\1/' "$1"
}

{ keys_of "$conf/redial.conf" && keys_of "$sample"; } | sort -u >"$work/conf"
program_keys >"$work/program"

while read -r section key default; do
    found=$(sed -n "s/^$section $key //p" "$work/conf")
    if [ -z "$found" ]; then
        fail "conf/ does not name [$section] $key"
    elif [ "$default" != - ] && [ "$found" != "$default" ]; then
        fail "conf/ says of [$section] $key: $found; the default is $default"
    fi
done <"$work/program"
while read -r section key _; do
    grep -q "^$section $key " "$work/program" || fail "conf/ names [$section] $key, which redial does not know"
done <"$work/conf"

# Defaults for all upstreams belong into redial.conf, which cannot hold what is missing there.
keys_of "$conf/redial.conf" >"$work/global"
while read -r section key _; do
    grep -q "^$section $key " "$work/global" && continue
    printf '[%s]\n%s = ?\n' "$section" "$key" >"$work/probe"
    "$redial" --check --config "$work/probe" 2>&1 | grep -q "$key is for one upstream" ||
        fail "conf/redial.conf does not name [$section] $key"
done <"$work/program"

for form in cat in_use; do
    mkdir -p "$work/$form/upstreams.d"
    $form "$conf/redial.conf" >"$work/$form/redial.conf"
    $form "$sample" >"$work/$form/upstreams.d/example.conf"
    check "conf/ ($form)" --config "$work/$form"
done
grep -q "^threads = " "$work/in_use/redial.conf" || fail "no key was put in use"
exit $status
