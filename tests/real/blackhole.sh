#!/bin/sh
# Real lost packets: addresses that turn into black holes and come back, that refuse, that no route
# leads to, that lose packets, that restart, under a steady load of 100 clients a second each.
# No client fails, the first ones pay a hedge, and the others pay nothing.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
. "${srcdir:-.}/tests/real/netns.sh"

hedge=250 # ms, the default
base=2    # s, the default

# upstream PORT NUMBER...: what redial is to serve
upstream() {
    listen=$1 target=
    shift
    for number; do target=$target,10.99.0.$number:9000; done
    upstreams="$upstreams 127.0.0.1:$listen=${target#,}"
}

# load NAME PORT COUNT: clients, 100 a second
load() {
    clients "$1" "$near" -r 100 -n "$3" "127.0.0.1:$2"
    loads="$loads $pid"
}

await_loads() {
    for pid in $loads; do wait "$pid" || fail "a load ended badly"; done
    loads=
}

# expect_none_failed NAME: and prints the figures of all its clients
expect_none_failed() {
    # shellcheck disable=SC2046 # six words
    set -- "$1" $(figures "$1" 0 9999999999999999)
    echo "    $1: $2 clients, $3 failed; p50 $4, p99 $5, p99.9 $6, worst $7 ms"
    [ "$3" -eq 0 ] || fail "$1: $3 of $2 clients failed"
    worst=$7
}

# What a busy machine adds to everything: the p99.9 and the worst of clients whose backends were well.
measure_noise() {
    # shellcheck disable=SC2046 # six words
    set -- $(figures "$1" 0 9999999999999999)
    echo "    without a fault: $1 clients, $2 failed; p99.9 $5, worst $6 ms"
    noise=${5%.*} noise_worst=${6%.*}
}

# run_redial NAME WORD...: with all upstreams
run_redial() {
    name=$1
    shift
    # shellcheck disable=SC2086 # several words
    near "$name" ${REDIAL_WRAP-} "$redial" -w 2 -o redial.access-log=on "$@" $upstreams
    redial_pid=$pid
    until_ok 20 logged "$name" " ready "
    upstreams=
}

# --- black holes ------------------------------------------------------------------------------------

upstreams='' loads=''
well='12 14 15 23 34 91 92'
dead='11 13 21 22 31 32 33'
# shellcheck disable=SC2086 # several numbers
far_address $well $dead
# shellcheck disable=SC2046 # several words
far backends "$steady" serve $(for n in $well $dead; do echo "10.99.0.$n:9000"; done)
until_ok 5 logged backends ready
upstream 3001 11 12
upstream 3002 21 22 23
upstream 3003 31 32 33 34
upstream 3004 13 14 15
upstream 3005 91 92
run_redial redial
load one-of-two 3001 1000
load two-of-three 3002 1000
load three-of-four 3003 1000
load one-of-three 3004 1000
load control 3005 1000
sleep 1.5
dead_from=$(moment)
# shellcheck disable=SC2086 # several numbers
fault add dead $dead
sleep 4
# shellcheck disable=SC2086 # several numbers
fault delete dead $dead
dead_to=$(moment)
await_loads

settled=$((dead_from + (2 * hedge + 100) * 1000)) # whoever waited has moved
measure_noise control
for name in one-of-two two-of-three three-of-four one-of-three; do
    expect_none_failed $name
    at_most "$name: the worst client, ms" "$worst" $((hedge + 100 + noise_worst))
    # shellcheck disable=SC2046 # six words
    set -- $(figures $name $settled 9999999999999999)
    at_most "$name: p99.9 of $1 clients once they were ejected, ms" "$5" $((20 + noise))
    echo "    $name: $1 clients once they were ejected; p99.9 $5 ms"
done
ok "one of two, two and one of three, three of four were black holes for 4 s: no client failed, the worst waited a hedge"

# Each was ejected once and is back soon; until then nobody but redial itself has tried it.
for number in $dead; do
    until_ok 5 logged redial "endpoint back" "endpoint=10.99.0.$number:"
    [ "$(grep -c "endpoint ejected.*endpoint=10.99.0.$number:" "$work/redial.log")" -eq 1 ] ||
        fail "10.99.0.$number was not ejected exactly once"
    back=$(awk -v a="endpoint=10.99.0.$number:9000" '/endpoint back/ && index($0, a) { print $1 }' "$work/redial.log")
    back=$(date -d "$back" +%s%6N)
    at_most "10.99.0.$number is back after, ms" $(((back - dead_to) / 1000)) $((base * 1000 + 1000))
done
ok "each came back within base + 1 s"
tried=$(awk -v from="$(stamp $settled)" '$1 >= from && / connection / && !/attempts=1 / { n++ } END { print n + 0 }' "$work/redial.log")
[ "$tried" -eq 0 ] || fail "$tried clients met an ejected address"
ok "no client was used as the probe"

# Round-robin stays exact over those that are left.
from=$settled to=$((dead_to - 100000))
one=$(answered_by one-of-three $from $to 10.99.0.14) other=$(answered_by one-of-three $from $to 10.99.0.15)
[ $(((one - other) * (one - other))) -le 1 ] || fail "unlike shares: $one and $other"
[ "$(answered_by one-of-three $from $to 10.99.0.13)" -eq 0 ] || fail "a black hole answered"
ok "the two of three that were left had $one and $other clients"
stop_redial

# --- other faults ----------------------------------------------------------------------------------

far_address 41 42 51 52 61 62 72 81 93 94 101 102
# shellcheck disable=SC2046 # several words
far others "$steady" serve $(for n in 41 42 51 52 61 62 72 93 94 101 102; do echo 10.99.0.$n:9000; done)
until_ok 5 logged others ready
far single "$steady" serve 10.99.0.81:9000
single_pid=$pid
until_ok 5 logged single ready
upstream 3014 41 42
upstream 3015 51 52
upstream 3016 61 62
upstream 3017 71 72
upstream 3018 81
upstream 3019 93 94
upstream 3021 91 92
upstream 3020 101 102
run_redial redial2
load reset 3014 1000
load unreachable 3015 1000
load third-lost 3016 1000
load no-such-host 3017 1000
load restart 3018 1000
load prohibited 3020 1000
load control2 3021 1000
sleep 1.5
fault add refusing 41
fault add unreachable 51
fault add lossy 61 62
ip -n "$near" neigh replace 10.99.0.71 lladdr 02:00:00:00:00:99 dev "rdn$$" nud permanent
ip -n "$near" route add prohibit 10.99.0.101
fault add dead 93 94
clients all-dead "$near" -r 20 -n 20 127.0.0.1:3019
loads="$loads $pid"
fault add refusing 81 # a moment in which those that are served end, as a backend stops that is well made
sleep 0.2
stop "$single_pid" 2>/dev/null || :
fault delete refusing 81
sleep 3
far single2 "$steady" serve 10.99.0.81:9000
sleep 1
fault delete refusing 41
fault delete unreachable 51
fault delete lossy 61 62
ip -n "$near" route del prohibit 10.99.0.101
await_loads

measure_noise control2
expect_none_failed reset
at_most "reset: the worst client, ms" "$worst" $((100 + noise_worst))
ok "an address that refuses: no client failed, nor waited"
expect_none_failed unreachable
at_most "unreachable: the worst client, ms" "$worst" $((hedge + 100 + noise_worst))
ok "an address whose host is unreachable: no client failed"
expect_none_failed no-such-host
at_most "no-such-host: the worst client, ms" "$worst" $((hedge + 100 + noise_worst))
ok "an address that nobody has any more: no client failed, the worst waited a hedge"
expect_none_failed third-lost
ok "30 % of the SYNs lost, everywhere: no client failed"
expect_none_failed restart
at_most "restart: the worst client, ms" "$worst" 5000
ok "the only backend was down for 3 s: no client failed, all waited"
expect_none_failed prohibited
at_most "prohibited: the worst client, ms" "$worst" $((100 + noise_worst))
! grep -q "endpoint ejected.*endpoint=10.99.0.101:" "$work/redial2.log" || fail "a fault of this host ejected"
ok "an address that this host may not reach: no client failed, and nobody is blamed"

# All dead: a reset, at the deadline.
awk '$3 != "reset" || $2 < 9800000 || $2 > 10200000 { bad = 1; print "    " $0 } END { exit bad || NR != 20 }' \
    "$work/all-dead.clients" || fail "all dead: no reset at the deadline of 10 s"
ok "all addresses dead: 20 clients are reset after 10 s, to a fifth of a second"
stop_redial
