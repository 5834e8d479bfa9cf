#!/bin/sh
# What a pick costs by the number of addresses: instructions, counted by callgrind, as connections
# come and go. As a test it holds the bounds: at 1,000 addresses twice that at 8, at 10,000 three
# times. --time prints nanoseconds beside them, which are worth something on a quiet machine only.
set -eu

program=${BALANCE_BENCH:-tests/bench/balance-bench}
time=no
[ "${1:-}" = --time ] && time=yes

[ -x "$program" ] || { echo "$program is not built"; exit 1; }
if grep -q -e __asan_init -e __tsan_init "$program"; then
    echo "SKIP: not applicable: this build has a sanitizer in it, and valgrind cannot run it"
    exit 77
fi
if ! command -v valgrind >/dev/null; then
    echo "SKIP: valgrind is not installed (package valgrind)"
    exit 77
fi

# Instructions of a pick with its release, and of drawing whom to release.
cost() { # POLICY ADDRESSES WEIGHTS
    collected=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=churn \
        "$program" "$1" "$2" 20000 "$3" 2>&1 | sed -n 's/.*Collected : *//p')
    echo $((${collected:-0} / 20000))
}

# The least of nine runs.
nanoseconds() { # POLICY ADDRESSES WEIGHTS
    for _ in 1 2 3 4 5 6 7 8 9; do
        "$program" "$1" "$2" 300000 "$3"
    done | sort -n | head -n 1
}

status=0
for policy in round-robin least-connections random-two; do
    for weights in even uneven; do
        base=$(cost "$policy" 8 "$weights")
        [ "${base:-0}" -gt 0 ] || { echo "$policy: callgrind counted nothing"; exit 1; }
        line="$policy, $weights weights: 8 addresses $base instructions"
        for count in 1000 10000; do
            there=$(cost "$policy" $count "$weights")
            line="$line; $count: $there"
            most=$((base * (count == 1000 ? 2 : 3)))
            [ "$there" -le $most ] || { line="$line, ABOVE $most"; status=1; }
        done
        [ $time = no ] || line="$line; $(nanoseconds "$policy" 8 "$weights"), $(nanoseconds \
            "$policy" 1000 "$weights"), $(nanoseconds "$policy" 10000 "$weights") ns"
        echo "$line"
    done
done
exit $status
