#!/bin/bash
# What the bench makes of results that are known: medians, ratios within a round, percentiles over
# all rounds; and the plot of them.
set -u

here=${srcdir:-.}/tests/bench
dir=$(mktemp -d "${TMPDIR:-/tmp}/redial-selftest.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT

report() { # FORM ROW...
    local form=$1
    shift
    awk -v rows="$*" -v peers="redial haproxy nginx direct" -v form="$form" -f "$here/report.awk" \
        "$dir/results"
}

expect() { # WHAT TEXT: what was printed has this line
    grep -qxF -- "$2" "$dir/out" && return
    echo "selftest: $1: there is no line"
    echo "  $2"
    echo "in"
    cat "$dir/out"
    exit 1
}

# Three rounds. HAProxy is slower in the last: of the CPU time the ratio of the medians would be
# 1.00; within the rounds it is 0.50, 1.00 and 0.25.
cat >"$dir/results" <<'END'
short redial 1 seconds=2.0 done=2000 bytes=1 beside=0 cpu=0.1 p50_us=10.0 p99_us=50.0 p99.9_us=50.0 latency=10000:98,50000:2
short redial 2 seconds=2.0 done=2000 bytes=1 beside=0 cpu=0.2 p50_us=20.0 p99_us=100.0 p99.9_us=100.0 latency=20000:98,100000:2
short redial 3 seconds=2.0 done=2000 bytes=1 beside=0 cpu=0.3 p50_us=30.0 p99_us=200.0 p99.9_us=200.0 latency=30000:98,200000:2
short haproxy 1 seconds=2.0 done=4000 bytes=1 beside=0 cpu=0.4 p50_us=1.0 p99_us=100.0 p99.9_us=9.0 latency=1000:100
short haproxy 2 seconds=2.0 done=4000 bytes=1 beside=0 cpu=0.4 p50_us=1.0 p99_us=100.0 p99.9_us=9.0 latency=1000:100
short haproxy 3 seconds=2.0 done=1000 bytes=1 beside=0 cpu=0.6 p50_us=1.0 p99_us=800.0 p99.9_us=9.0 latency=1000:100
short nginx 1 FAILED: reset
short direct 1 seconds=2.0 done=6000 bytes=1 beside=0 cpu=0 p50_us=4.0 p99_us=40.0 p99.9_us=40.0 latency=4000:100
paced redial 1 seconds=1.0 done=10 bytes=1 beside=0 cpu=0.1 p50_us=30.0 p99_us=40.0 p99.9_us=40.0 latency=30000:10
paced haproxy 1 seconds=1.0 done=10 bytes=1 beside=0 cpu=0.1 p50_us=50.0 p99_us=90.0 p99.9_us=90.0 latency=50000:10
paced direct 1 seconds=1.0 done=10 bytes=1 beside=0 cpu=0 p50_us=10.0 p99_us=20.0 p99.9_us=20.0 latency=10000:10
stream-8 redial 1 seconds=2.0 done=0 bytes=4000000000 beside=0 cpu=1.0
stream-8 haproxy 1 seconds=2.0 done=0 bytes=2000000000 beside=0 cpu=1.0
idle redial 1 opened=100 rss_before=2000 rss_after=2050
idle haproxy 1 opened=100 rss_before=8000 rss_after=8200
END
report markdown short paced stream-8 idle >"$dir/out"
short="Short connection, the origin ends it"
expect "medians and ratios" \
    "| $short: each second | 1000 | 2000 | - | 3000 | 0.50 (0.50..2.00) | - |"
expect "ratios within a round" \
    "| $short: CPU, us each | 100.0 | 100.0 | - | - | 0.50 (0.25..1.00) | - |"
expect "percentiles of all rounds" \
    "| $short: p50 / p99 / p99.9, us | 20.0 / 100 / 200 | 1.0 / 1.0 / 1.0 | - | 4.0 / 4.0 / 4.0 | 0.50 (0.25..1.00) | - |"
expect "above direct" \
    "| 2,000 requests/s, 32 connections: p50 / p99 above direct, us | 20.0 / 20.0 | 40.0 / 70.0 | - | - | 0.50 (0.50..0.50) | - |"
expect "bulk" "| Bulk, 8 streams: Gbit/s | 16.00 | 8.00 | - | - | 2.00 (2.00..2.00) | - |"
expect "bulk" "| Bulk, 8 streams: CPU, ms a GB | 250.0 | 500.0 | - | - | 0.50 (0.50..0.50) | - |"
expect "idle" "| Idle connection: resident, KiB each | 0.50 | 2.00 | - | - | 0.25 (0.25..0.25) | - |"

# A bar from 1.0 to the left for what is less, to the right for what is more, and its figure.
report ratios stream-8 >"$dir/ratios"
awk -v versions="one < two" -f "$here/plot.awk" "$dir/ratios" >"$dir/out"
tick() { # TEXT: where the axis has it
    sed -n "s/^<text x=\"\([0-9.]*\)\"[^>]*>$1<.*/\1/p" "$dir/out" | head -n 1
}
one=$(tick HAProxy) half=$(tick 0.5x) two=$(tick 2x)
bars=$(sed -n 's/^<rect x="\([0-9.]*\)" y="[0-9.]*" width="\([0-9.]*\)" height="8".*/\1 \2/p' "$dir/out")
want=$(awk -v one="$one" -v half="$half" -v two="$two" \
    'BEGIN { printf "%.1f %.1f\n%.1f %.1f\n", half, one - half, one, two - one }')
[ "$bars" = "$want" ] || { printf 'selftest: bars\n%s\nand not\n%s\n' "$bars" "$want"; exit 1; }
grep -q '>one &lt; two<' "$dir/out" || { echo "selftest: the plot is no XML"; exit 1; }
echo "medians, ratios, percentiles and bars are as they should be"
