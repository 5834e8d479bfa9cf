#!/bin/sh
# Shows that a replay without inputs fails: otherwise a lost corpus would pass for a good one.
set -eu

work=$(mktemp -d "${TMPDIR:-/tmp}/redial-replay.XXXXXX")
trap 'rm -rf "$work"' EXIT

must_fail() { # DIRECTORY
    if tests/fuzz/fuzz_ini "$1"; then
        echo "FAILED: the replay of $1 passed"
        exit 1
    fi
}

mkdir "$work/empty" "$work/one"
must_fail "$work/empty"
must_fail "$work/missing"
printf '[upstream]\n' >"$work/one/input"
tests/fuzz/fuzz_ini "$work/one" | grep "^replayed 12 inputs, from 1 files of "
