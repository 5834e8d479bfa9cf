#!/bin/sh
# Storms for some seconds, from a fixed seed and from today's; and before that, what a mutant between
# the clients and redial does is found out by the model, or else the storms would show nothing.
# The second seed is another one each day: what it finds is found again by the line that it prints.
set -eu
chaos=${CHAOS:-tests/chaos/chaos}
REDIAL=${REDIAL:-./redial}
export REDIAL
case " ${REDIAL_REAL_TESTS-chaos.sh} " in
*" chaos.sh "*) ;;
*)
    echo "SKIP: not applicable: another run has it"
    exit 77
    ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/redial-chaos.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

fail() {
    echo "FAILED: $1"
    tail -n 60 "$2"
    exit 1
}

# begin KIND: storms with this mutant, in the background, until it is found out: a busy machine has but
# few clients in the first one
begin() {
    "$chaos" --seconds 30 --seed 1 --mutant "$1" >"$work/$1" 2>&1 &
    eval "pid_of_$(echo "$1" | tr - _)=$!"
}

# found KIND WORDS: it ended with a fault that says so
found() {
    status=0
    eval "wait \"\$pid_of_$(echo "$1" | tr - _)\"" || status=$?
    [ $status -eq 1 ] || fail "with the mutant $1 the exit status is $status" "$work/$1"
    grep "FAULT: .*$2" "$work/$1" >"$work/fault" || fail "of the mutant $1 the model says something else" "$work/$1"
    echo "ok: the mutant $1: $(sed 's/.*FAULT: //; s/\. .*//' "$work/fault")"
}

# holds SECONDS SEED
holds() {
    "$chaos" --seconds "$1" --seed "$2" >"$work/log" 2>&1 || fail "a storm, from seed $2" "$work/log"
    tail -n 1 "$work/log" | sed 's/^/ok: /'
}

for kind in alter-up alter-down lose cut leak; do begin $kind; done
found alter-up "the backend received a wrong byte"
found alter-down "a wrong byte came to client"
found lose "neither side did that"
found cut "looks complete and is not\|neither side did that" # what was not read makes its end a reset
found leak "open connections"
"$chaos" --seconds 1 --seed 1 --mutant none >"$work/log" 2>&1 ||
    fail "a mutant that harms nothing was blamed" "$work/log"
echo "ok: one that harms nothing is not blamed"
holds 6 10 # with upgrades
holds 5 9 # one process through all
