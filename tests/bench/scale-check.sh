#!/bin/sh
# Hundreds of upstreams, five hundred addresses and a thousand connections may not take more memory
# than there is reason for. The bounds have some room: what fails them is a leak or a blow-up. The
# figures at their full size are those of make bench-scale.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/bench/scale.sh"
! grep -q -e __asan_init -e __tsan_init "$redial" ||
    skip "not applicable: a sanitizer's own memory is in the figures"
[ -z "${REDIAL_WRAP-}" ] || skip "not applicable: another program's memory is in the figures"
need dnsmasq dnsmasq-base

# within WHAT FIGURE MOST UNIT
within() {
    [ "$2" -le "$3" ] || fail "$1: $2 $4, and $3 are the most"
    ok "$1: $2 $4 (at most $3)"
}

# at_rest COUNT: so many upstreams, all of which know their addresses
at_rest() {
    make_upstreams "$1"
    start_redial redial -c "$work/conf"
    until_ok 20 has_logged "endpoints changed" "$1"
}

start_origin
name_upstreams 301 60

at_rest 1
alone=$(heap)
within "at rest with one upstream" "$(rss)" 6144 KiB
within "an idle connection" "$(connection_bytes 1000 "127.20.0.1:$listen")" 1024 B
stop_redial

# The log remembers its newest lines, and whose they are: after a hundred upstreams that is full.
at_rest 101
many=$(heap)
stop_redial
at_rest 301
within "one more upstream with 8 addresses" $((($(heap) - many) * 1024 / 200)) 4096 B
stop_redial
at_rest 101
# All move, twenty times: what they had before is given back.
round=0
while [ $((round += 1)) -le 20 ]; do
    sed -i "s/^listen = 127\.[0-9]*/listen = 127.$((20 + round))/" "$work/conf/upstreams.d/"*.conf
    kill -HUP "$redial_pid"
    until_ok 20 has_logged " reloaded " "$round"
done
within "growth over twenty reloads that move everybody" $(($(heap) - many)) 700 KiB
stop_redial

make_upstreams 1
addresses 0 500 | sed "s/.*/target = &:$origin_port/" >>"$work/conf/upstreams.d/s0000.conf"
start_redial redial -c "$work/conf"
until_ok 20 has_logged "endpoints changed" 1
within "one more address" $((($(heap) - alone) * 1024 / 500)) 1536 B
before=$(heap)
"$load" short -n 5000 "127.20.0.1:$listen" >/dev/null || fail "connections failed"
within "growth over 5000 connections to 508 addresses" $(($(heap) - before)) 400 KiB
stop_redial
