#!/bin/sh
# The units are what systemd takes, confine redial as far as can be, and name what is installed.
set -eu
export LC_ALL=C

top=${srcdir:-.}
units=packaging/systemd
work=$(mktemp -d "${TMPDIR:-/tmp}/redial-units.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0

fail() {
    printf 'FAILED: %s\n' "$*"
    status=1
}

! grep -n '@[a-z]*@' $units/redial.service || fail "a place is not filled in"
# The programs are installed elsewhere, or not yet: what systemd looks at here is a file in their place.
for program in redial redialctl; do
    grep -Eq "^Exec[A-Za-z]*=/[^ ]*/$program( |\$)" $units/redial.service || fail "the service does not run $program"
    cp /bin/sh "$work/$program"
done
# in_place: the service with these files
in_place() {
    sed "s|^\(Exec[A-Za-z]*=\)/[^ ]*/|\1$work/|" $units/redial.service
}
in_place >"$work/redial.service"
cp "$top/$units/redial.socket" "$work"

user=$(sed -n 's/^User=//p' $units/redial.service)
grep -q "^u $user " "$top/packaging/sysusers.d/redial.conf" || fail "nobody makes the user $user"

command -v systemd-analyze >/dev/null || {
    [ $status -eq 0 ] || exit 1
    echo "SKIP: systemd-analyze is not installed (package systemd)"
    exit 77
}

# verify UNIT...: it has nothing to say; its exit status alone does not tell of every fault
verify() {
    (cd "$work" && systemd-analyze verify --man=no --recursive-errors=no "$@") >"$work/said" 2>&1 && [ ! -s "$work/said" ]
}
verify ./redial.service ./redial.socket || fail "systemd-analyze verify:
$(cat "$work/said")"

limit=15 # tenths
rated() {
    (cd "$work" && systemd-analyze security --offline=true --no-pager --threshold=$limit ./redial.service) >"$work/rating" 2>&1
}
rated || fail "the exposure is more than $limit tenths:
$(awk '$NF ~ /^[0-9]\.[0-9]$/ || /Overall/' "$work/rating")"
grep -o 'Overall.*' "$work/rating" || fail "systemd-analyze security gave no rating"

# ... and both can tell.
in_place | sed 's/^WatchdogSec=.*/WatchdogSex=30s/' >"$work/redial.service"
! verify ./redial.service || fail "an unknown key was not found"
sed 's/^ListenStream=.*//' "$top/$units/redial.socket" >"$work/redial.socket"
! verify ./redial.socket || fail "a socket unit without a socket was not found"
in_place | grep -v '^SystemCallFilter=' >"$work/redial.service"
! rated || fail "a service without a filter was rated well"
exit $status
