#!/bin/bash
# The bench itself, in seconds and with redial alone: every row has its figures. And what its load
# measures is true: at a fixed rate, whoever comes while the service hangs waits, and is counted.
set -u

here=${srcdir:-.}/tests/bench
redial=${REDIAL:-./redial} load=${REDIAL_LOAD:-tests/bench/redial-load}
dir=$(mktemp -d "${TMPDIR:-/tmp}/redial-smoke.XXXXXX") || exit 1
origin=
trap '[ -z "$origin" ] || kill "$origin"; rm -rf "$dir"' EXIT

fail() {
    echo "smoke: $*" >&2
    exit 1
}

# --- every row --------------------------------------------------------------------------------
"$here/run" --quick --peers redial,direct --redial "$redial" --load "$load" --svg "$dir/plot.svg" \
    >"$dir/out" 2>&1 || { cat "$dir/out"; fail "the bench failed"; }
cat "$dir/out"
figures=$(grep -c '^| [A-Z0-9].*: ' "$dir/out")
[ "$figures" = 25 ] || fail "there are $figures figures in the table, not 25"
grep '^| [A-Z0-9].*: ' "$dir/out" | awk -F'|' '$3 !~ /[1-9]/ { bad = 1; print "no figure:" $0 }
    END { exit bad }' || fail "redial has no figure there"
grep -q '^</svg>$' "$dir/plot.svg" || fail "there is no plot"

# --- a service that hangs -----------------------------------------------------------------------
# 1,000 requests a second while the origin stands still for 0.3 s: those that were due in the first
# 0.25 s wait 50 ms or more. A load that waited for its answers would have 32 such requests.
port=$("$load" ports 1)
"$load" origin "127.0.0.2:$port" >"$dir/origin" &
origin=$!
"$load" wait "127.0.0.2:$port" || fail "the origin does not serve"
kill -STOP "$origin"
"$load" requests -r 1000 -c 32 -n 600 "127.0.0.2:$port" >"$dir/paced" &
paced=$!
begun() { # Whether the load has connected: ESTABLISHED is 01, and the port hexadecimal
    grep -Eq " 0200007F:$(printf %04X "$port") [0-9A-F]+:[0-9A-F]+ 01 " /proc/net/tcp
}
for ((i = 0; i < 500; i++)); do
    begun && break
    sleep 0.02
done
begun || fail "the load does not connect"
sleep 0.3 # that is what the service hangs for
kill -CONT "$origin"
wait "$paced" || fail "the load failed"
counts=$(sed -n 's/.* latency=//p' "$dir/paced" | tr , '\n' |
    awk -F: '$1 > 50e6 { late += $2 } { all += $2 } END { print late + 0, all }')
read -r late all <<<"$counts"
echo "$late of $all requests waited while the service hung"
[ "$all" = 600 ] || fail "$all latencies were counted, not 600"
[ "$late" -ge 200 ] || fail "only $late requests waited: the load does not count who comes meanwhile"
