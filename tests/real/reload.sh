#!/bin/sh
# A hundred reloads under 500 connections a second, half of them with broken files: no client fails,
# and neither descriptors nor memory grow.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"

reloads=100
free_port
listen=$port
free_port
backend=$port
free_port
other=$port
start backends "$steady" serve 127.0.3.1:$backend 127.0.3.2:$backend 127.0.3.3:$backend
until_ok 5 logged backends ready

conf=$work/conf/upstreams.d
mkdir -p "$conf"
# one KEYS: the upstream under load
one() {
    printf '[upstream]\nlisten = 127.0.0.1:%s\ntarget = 127.0.3.1:%s, 127.0.3.2:%s\n%b' \
        "$listen" "$backend" "$backend" "$1" >"$conf/one.conf.new"
    mv "$conf/one.conf.new" "$conf/one.conf"
}
one ''
start_redial redial -w 2 -c "$work/conf"

# settled COUNT: so many reloads have been answered
settled() { [ "$(grep -c ' reloaded \| the reload failed' "$work/redial.log")" -ge "$1" ]; }
# ... and so many clients were served meanwhile
served() { [ "$(wc -l <"$work/load.clients")" -ge "$1" ]; }
hup() {
    kill -HUP "$redial_pid"
    done=$((done + 1))
    until_ok 10 settled $done
    until_ok 10 served $((done * 70))
}
descriptors() { find "/proc/$redial_pid/fd" | wc -l; }
memory() { awk '/^Rss:/ { print $2 }' "/proc/$redial_pid/smaps_rollup"; }

# What is changed in turn: policy, time-outs, discovery, an endpoint more, another upstream that comes
# and goes; every second one is broken, in one way or another.
change() {
    case $(($1 % 10)) in
    0) one 'balance = least-connections\n' ;;
    1) echo nonsense >"$conf/broken.conf" ;;
    2) rm "$conf/broken.conf" && one 'balance = random-two\n[session]\nidle-timeout = 1m\n' ;;
    3) printf '[upstream]\nlisten = 127.0.0.1:%s\ntarget = a.test:1\n' "$listen" >"$conf/broken.conf" ;;
    4) rm "$conf/broken.conf" && one "target = 127.0.3.3:$backend\n[check]\ninterval = 1s\n" ;;
    5) printf '[upstream]\nlisten = 127.0.3.1:%s\ntarget = 127.0.3.1:%s\nallow = 127.0.0.0/8\n' \
        "$backend" "$backend" >"$conf/broken.conf" ;; # another process listens there
    6) rm "$conf/broken.conf" && printf '[upstream]\nlisten = 127.0.0.1:%s\ntarget = 127.0.3.1:%s\n' \
        "$other" "$backend" >"$conf/two.conf" ;;
    7) one 'balance = best\n' ;;
    8) one '[eject]\nbase = 1s\n' && rm "$conf/two.conf" ;;
    9) one '[dns]\nmin-ttl = 10m\n' ;; # above max-ttl
    esac
}

before_fds=$(descriptors)
start load sh -c 'to=$1; shift; exec "$@" >"$to"' sh "$work/load.clients" \
    "$steady" load -r 500 -n 10000 "127.0.0.1:$listen"
load_pid=$pid
done=0
i=0
while [ $i -lt $reloads ]; do
    change $i
    hup
    i=$((i + 1))
    [ $i -ne 20 ] || before_memory=$(memory)
done
kill -0 "$load_pid" 2>/dev/null || fail "the load was over before the reloads: this test shows too little"
after_memory=$(memory)
[ "$(grep -c ' reloaded ' "$work/redial.log")" -eq $((reloads / 2)) ] || fail "not half of the reloads succeeded"
stop "$load_pid" 2>/dev/null || :
clients=$(grep -c . "$work/load.clients")
failed=$(grep -vc ' ok ' "$work/load.clients" || :)
[ "$failed" -eq 0 ] || fail "$failed of $clients clients failed: $(grep -v ' ok ' "$work/load.clients" | head -n 5)"
ok "$reloads reloads, half of them broken, under 500 connections a second: 0 of $clients clients failed"

# The last clients may be open still.
at_rest() { [ "$(descriptors)" -le "$before_fds" ]; }
until_ok 10 at_rest
is_sanitized "$redial" || [ "$after_memory" -le $((before_memory + 400)) ] || # these keep what was freed
    fail "memory grew from $before_memory to $after_memory KiB"
ok "descriptors $before_fds, then as many; memory $before_memory KiB, then $after_memory"
stop_redial
