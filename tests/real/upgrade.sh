#!/bin/sh
# A successor takes over: twenty times under 500 connections a second, with a Unix socket, open
# connections and an admin interface; and one that cannot start changes nothing.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
need curl

ctl=${REDIALCTL:-./redialctl}
upgrades=20
free_port
listen=$port
free_port
backend=$port
start backends "$steady" serve 127.0.3.1:$backend 127.0.3.2:$backend
until_ok 5 logged backends ready

mkdir -p "$work/conf/upstreams.d"
conf=$work/conf/upstreams.d/one.conf
cat >"$conf" <<CONF
[upstream]
listen = 127.0.0.1:$listen
listen = unix:$work/app.sock
target = 127.0.3.1:$backend, 127.0.3.2:$backend
CONF
admin=$work/admin.sock
start_redial redial -w 2 -c "$work/conf" --admin "unix:$admin"
first=$redial_pid
ask_redial() { "$ctl" -s "$admin" "$@"; }
main() { ask_redial --json status | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -n 1; }
[ "$(main)" -eq "$first" ] || fail "the admin interface is not that of process $first"

# A successor is nobody's child that we could wait for: it is ended by its own number.
at_end() {
    for successor in $(sed -n 's/.* upgraded successor=\([0-9]*\).*/\1/p' "$work/redial.log"); do
        kill "$successor" 2>/dev/null || :
    done
}

# A connection that lives through all of it.
mkfifo "$work/held.in"
start held sh -c "exec curl -sN telnet://127.0.0.1:$listen <\"$work/held.in\""
held_pid=$pid
exec 9>"$work/held.in"
held_answers() { [ "$(wc -l <"$work/held.log")" -ge "$1" ]; }
echo who >&9
until_ok 5 held_answers 1

# --- one that fails ----------------------------------------------------------------------------------

cp "$conf" "$work/good.conf"
echo 'balance = best' >>"$conf"
ask_redial upgrade >"$work/answer.log" || fail "an upgrade could not be begun"
until_ok 10 logged redial error "the upgrade failed: this process goes on"
cp "$work/good.conf" "$conf"
[ "$(main)" -eq "$first" ] || fail "after an upgrade that failed, process $(main) answers"
echo who >&9
until_ok 5 held_answers 2
ok "a successor that cannot read its configuration changes nothing"

# --- twenty that do not ------------------------------------------------------------------------------

start load sh -c 'to=$1; shift; exec "$@" >"$to"' sh "$work/load.clients" \
    "$steady" load -r 500 -n 20000 "127.0.0.1:$listen"
load_pid=$pid
served() { [ "$(wc -l <"$work/load.clients")" -ge "$1" ]; }
upgraded() { [ "$(grep -c ' upgraded successor=' "$work/redial.log")" -ge "$1" ]; }
answers_itself() { [ "$(main)" = "$(sed -n 's/.* upgraded successor=\([0-9]*\).*/\1/p' "$work/redial.log" | tail -n 1)" ]; }
done=0
while [ $done -lt $upgrades ]; do
    done=$((done + 1))
    if [ $((done % 2)) -eq 0 ]; then
        ask_redial upgrade >"$work/answer.log" || fail "upgrade $done: $(cat "$work/answer.log")"
    else
        kill -USR2 "$(main)"
    fi
    until_ok 20 upgraded $done
    until_ok 20 answers_itself
    until_ok 20 served $((done * 300))
done
kill -0 "$load_pid" 2>/dev/null || fail "the load was over before the upgrades: this test shows too little"
stop "$load_pid" 2>/dev/null || :
clients=$(grep -c . "$work/load.clients")
failed=$(grep -vc ' ok ' "$work/load.clients" || :)
[ "$failed" -eq 0 ] || fail "$failed of $clients clients failed: $(grep -v ' ok ' "$work/load.clients" | head -n 5)"
ok "$upgrades upgrades under 500 connections a second: 0 of $clients clients failed"

# --- what is left ------------------------------------------------------------------------------------

last=$(main)
echo who >&9
until_ok 5 held_answers 3
kill -0 "$first" || fail "the first process is gone, and with it an open connection"
exec 9>&-
stop "$held_pid" 2>/dev/null || :
first_ended() { ! kill -0 "$first" 2>/dev/null; }
until_ok 10 first_ended
wait "$first" || fail "the first process ended with status $?"
ok "a connection of before the first upgrade was served to its end by its own process"

[ -S "$work/app.sock" ] || fail "the Unix socket's file is gone"
[ -S "$admin" ] || fail "the admin socket's file is gone"
gone() { ! kill -0 "$last" 2>/dev/null; }
kill "$last"
until_ok 10 gone
[ ! -e "$work/app.sock" ] || fail "the last process left the Unix socket's file behind"
[ ! -e "$admin" ] || fail "the last process left the admin socket behind"
ok "files of Unix sockets go from one process to the next, and the last one removes them"
