#!/bin/sh
# Whatever an operator and DNS do, in any order, under load: reloads, upgrades, drains, changes of the
# addresses, drawn by chance. No client fails, old processes end, and descriptors do not grow.
# STORM_STEPS=N STORM_SEED=N: another length, another order.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
. "${srcdir:-.}/tests/real/successors.sh"
need dnsmasq dnsmasq-base

steps=${STORM_STEPS:-60}
seed=${STORM_SEED:-$$}
free_port
listen=$port
free_port
backend=$port
# shellcheck disable=SC2046 # several words
start backends "$steady" serve $(for n in 1 2 3 4 5; do echo "127.0.3.$n:$backend"; done)
until_ok 5 logged backends ready
records 127.0.3.1 127.0.3.2
start_dnsmasq

conf=$work/conf/upstreams.d/name.conf
mkdir -p "$work/conf/upstreams.d"
one() {
    printf '[upstream]\nlisten = 127.0.0.1:%s\ntarget = name.svc.test:%s\n%b' "$listen" "$backend" "$1" >"$conf.new"
    mv "$conf.new" "$conf"
}
one ''
start_redial redial -w 2 -c "$work/conf" -r "127.0.0.1:$dns_port" -o dns.family=ipv4 --admin "unix:$admin"
await_first() { logged redial "endpoints changed"; }
until_ok 10 await_first
first=$(main)
descriptors() { find "/proc/$1/fd" | wc -l; }
before=$(descriptors "$first")

start load sh -c 'to=$1; shift; exec "$@" >"$to"' sh "$work/load.clients" \
    "$steady" load -r 300 -n 30000 "127.0.0.1:$listen"
load_pid=$pid
served() { [ "$(wc -l <"$work/load.clients")" -ge "$1" ]; }

step=0 upgrades=0
for draw in $(awk -v n="$steps" -v seed="$seed" 'BEGIN { srand(seed); while (n-- > 0) print int(rand() * 10) }'); do
    step=$((step + 1))
    case $draw in
    0) one '' && ask_redial reload || fail "step $step, reload: $(cat "$work/answer.log")" ;;
    1) one 'balance = least-connections\n[check]\ninterval = 200ms\n' && ask_redial reload || fail "step $step: $(cat "$work/answer.log")" ;;
    2) one 'balance = random-two\n[dns]\nhold = 20s\n' && ask_redial reload || fail "step $step: $(cat "$work/answer.log")" ;;
    3) one 'nonsense\n' && { ! ask_redial reload || fail "step $step: nonsense was taken"; } && one '' ;;
    4 | 5)
        upgrades=$((upgrades + 1))
        ask_redial upgrade || fail "step $step, upgrade: $(cat "$work/answer.log")"
        until_ok 20 upgraded $upgrades
        until_ok 20 answers_itself
        ;;
    6) ask_redial drain "127.0.3.$((step % 5 + 1)):$backend" || : ;; # DNS may not name it now
    7) ask_redial undrain "127.0.3.$((step % 5 + 1)):$backend" || : ;;
    8) records "127.0.3.$((step % 5 + 1))" "127.0.3.$(((step + 2) % 5 + 1))" ;;
    9) records 127.0.3.1 127.0.3.2 127.0.3.3 127.0.3.4 127.0.3.5 ;;
    esac
    until_ok 20 served $((step * 40))
done
kill -0 "$load_pid" 2>/dev/null || fail "the load was over before the storm: this test shows too little"
stop "$load_pid" 2>/dev/null || :
clients=$(grep -c . "$work/load.clients")
failed=$(grep -vc ' ok ' "$work/load.clients" || :)
[ "$failed" -eq 0 ] || fail "seed $seed: $failed of $clients clients failed: $(grep -v ' ok ' "$work/load.clients" | head -n 5)"
ok "seed $seed: $steps steps, $upgrades upgrades among them: 0 of $clients clients failed"

last=$(main)
only_the_last() { for p in "$first" $(successors); do [ "$p" = "$last" ] || ! kill -0 "$p" 2>/dev/null || return 1; done; }
until_ok 20 only_the_last
at_rest() { [ "$(descriptors "$last")" -le "$before" ]; }
until_ok 20 at_rest
ok "every old process has ended; descriptors $before, then $(descriptors "$last")"
