#!/bin/sh
# Clients come at a steady rate while DNS lies: no connection fails. (make bench-dns does the same for
# longer, beside HAProxy and nginx.)
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
. "${srcdir:-.}/tests/real/dns.sh"
need_dns
rate=100

# shellcheck disable=SC2046 # several words
twelve() { zone_of name $(seq -f 127.0.1.%g 1 12); }
served() { [ "$(wc -l <"$work/load.clients")" -ge "$1" ]; }

# clients_more SECONDS: until as many more were served as come in that time
clients_more() {
    until_ok $(($1 + 10)) served $(($(wc -l <"$work/load.clients") + rate * $1))
}

lie none
twelve
start_zone name:1
start_garbage
start_front front
free_port
backend_port=$port
# shellcheck disable=SC2046 # several words
start backends "$steady" serve $(seq -f "127.0.1.%g:$backend_port" 1 12)
until_ok 5 logged backends ready
free_port
listen=$port
start_redial redial -r "127.0.0.1:$front_port" "127.0.0.1:$listen=name.svc.test:$backend_port"
until_ok 30 logged redial "endpoints changed" " count=12 "
# shellcheck disable=SC2016 # for the inner shell
start load sh -c 'to=$1; shift; exec "$@" >"$to"' sh "$work/load.clients" \
    "$steady" load -r $rate -n 100000 -t 15 "127.0.0.1:$listen"
load_pid=$pid
until_ok 5 test -s "$work/load.clients"

# said PATTERN: so many lines of the log
said() { grep -c "$1" "$work/redial.log" || :; }
said_more() { [ "$(said "$1")" -gt "$2" ]; }

# fault WORD: four seconds of it, and then until DNS is well again
fault() {
    from=$(moment)
    well=$(said 'dns recovered .*type=A$')
    ill=$(said 'dns failed .*type=A ')
    lie "$1"
    until_ok 10 said_more 'dns failed .*type=A ' "$ill"
    clients_more 4
    lie none
    until_ok 30 said_more 'dns recovered .*type=A$' "$well"
    clients_more 1
    none_failed "$1"
}

none_failed() {
    # shellcheck disable=SC2046 # six words
    set -- "$1" $(figures load "$from" 9999999999999999)
    [ "$3" -eq 0 ] || fail "$3 of $2 clients failed while DNS says $1: $(awk '$3 != "ok"' "$work/load.clients")"
    ok "0 of $2 clients failed while DNS says $1"
}

fault nxdomain
fault garbage
fault drop

# half_fault WORD: four seconds of one that DNS gets over within the time of a question
half_fault() {
    from=$(moment)
    before=$(asked front)
    lie "$1"
    clients_more 4
    [ "$(asked front)" -ge $((before + 2)) ] || fail "DNS was not asked while it was $1"
    lie none
    clients_more 1
    none_failed "$1"
}

half_fault flaky
half_fault slow
! logged redial 'endpoints changed' removed= || fail "a lie removed somebody"
ok "no lie removed an address"

# 2 of the 12 addresses, for longer than the confirmation takes, and all again.
from=$(moment)
zone_of name 127.0.1.1 127.0.1.2
until_ok 10 logged redial "endpoints changed" " count=2 "
clients_more 1
twelve
until_ok 30 said_more 'endpoints changed .* count=12 ' 1
clients_more 1
none_failed "that 2 of 12 are left, and all again"

stop "$load_pid" 2>/dev/null || :
stop_redial
ok "redial ended well"
