#!/bin/sh
# A successor takes over: twenty times under 500 connections a second, with a Unix socket, open
# connections and an admin interface; and one that cannot start changes nothing.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
. "${srcdir:-.}/tests/real/successors.sh"
need curl

upgrades=20 before=1 # one more, before the twenty
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
start_redial redial -w 2 -c "$work/conf" --admin "unix:$admin"
first=$redial_pid
[ "$(main)" -eq "$first" ] || fail "the admin interface is not that of process $first"

# A connection that lives through all of it.
mkfifo "$work/held.in"
start held sh -c "exec $steady talk 127.0.0.1:$listen <\"$work/held.in\""
held_pid=$pid
exec 9>"$work/held.in"
held_answers() { [ "$(wc -l <"$work/held.log")" -ge "$1" ]; }
echo who >&9
until_ok 5 held_answers 1

# --- one that fails ----------------------------------------------------------------------------------

cp "$conf" "$work/good.conf"
echo 'balance = best' >>"$conf"
status=0
ask_redial upgrade || status=$?
[ $status -eq 1 ] || fail "an upgrade with a broken configuration: exit status $status"
grep -q "^redialctl: the upgrade failed, process $first goes on: .*: it ended with status 1" "$work/answer.log" ||
    fail "nobody was told that the upgrade failed: $(cat "$work/answer.log")"
logged redial error "the upgrade failed: this process goes on" || fail "the log does not say it"
ask_redial status && grep -q "The last upgrade, .* failed" "$work/answer.log" || fail "the status does not say it"
cp "$work/good.conf" "$conf"
# Neither does one that has what it was handed over, and cannot have the rest.
printf '[upstream]\nlisten = 127.0.3.1:%s\ntarget = 127.0.3.2:%s\n' "$backend" "$backend" >"$work/conf/upstreams.d/two.conf"
! ask_redial upgrade || fail "an upgrade with a port that is in use: exit status 0"
rm "$work/conf/upstreams.d/two.conf"
[ "$(main)" -eq "$first" ] || fail "after an upgrade that failed, process $(main) answers"
echo who >&9
until_ok 5 held_answers 2
[ -S "$work/app.sock" ] || fail "a successor that failed has removed the Unix socket's file"
ok "a successor that cannot start changes nothing"

# --- what was drained, and a Unix socket that is not wanted any more ---------------------------------

ask_redial drain "127.0.3.1:$backend" || fail "it cannot be drained: $(cat "$work/answer.log")"
sed -i '/^listen = unix:/d' "$conf"
ask_redial upgrade || fail "an upgrade: $(cat "$work/answer.log")"
ask_redial endpoints && grep -q "127.0.3.1:$backend.*drain" "$work/answer.log" ||
    fail "after an upgrade nothing is drained: $(cat "$work/answer.log")"
[ ! -e "$work/app.sock" ] || fail "the Unix socket that nobody wants is there still"
ask_redial undrain "127.0.3.1:$backend" || fail "it cannot be undrained: $(cat "$work/answer.log")"
cp "$work/good.conf" "$conf"
ask_redial reload && [ -S "$work/app.sock" ] || fail "the Unix socket did not come back"
rm "$work/app.sock"
ask_redial reload && [ -S "$work/app.sock" ] || fail "a reload does not make the Unix socket anew whose file is gone"
ok "a successor knows who is drained, and removes the Unix socket that is not wanted any more"

# --- twenty that do not ------------------------------------------------------------------------------

start load sh -c 'to=$1; shift; exec "$@" >"$to"' sh "$work/load.clients" \
    "$steady" load -r 500 -n 20000 "127.0.0.1:$listen"
load_pid=$pid
served() { [ "$(wc -l <"$work/load.clients")" -ge "$1" ]; }
done=0
while [ $done -lt $upgrades ]; do
    done=$((done + 1))
    if [ $((done % 2)) -eq 0 ]; then
        ask_redial upgrade || fail "upgrade $done: $(cat "$work/answer.log")"
        grep -q "^upgraded: process $(main) has taken over" "$work/answer.log" || fail "$(cat "$work/answer.log")"
    else
        kill -USR2 "$(main)"
    fi
    until_ok 20 upgraded $((before + done))
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

# --- what is said at a bad moment -------------------------------------------------------------------

# Told to stop while a successor starts, it stops as ever, with a client that is open, and the
# successor is gone.
free_port
mkfifo "$work/idle.in"
exec 9<>"$work/idle.in"
no_children() { ! grep -q . "/proc/$redial_pid/task/$redial_pid/children"; }
once() {
    start_redial stopped -w 1 -o redial.access-log=on "127.0.0.1:$port=127.0.3.1:$backend"
    : >"$work/idle.log"
    start idle sh -c "exec $steady talk 127.0.0.1:$port <\"$work/idle.in\""
    idle_pid=$pid
    echo who >&9
    until_ok 5 logged idle 127.0.3.1
    kill -USR2 "$redial_pid"
    kill "$redial_pid"
    until_ok 5 logged stopped "stopping" "connections=1"
    until_ok 5 no_children
    stop "$idle_pid" 2>/dev/null || :
    wait "$redial_pid" || fail "told to stop while it upgraded, it ended with status $?"
    ! grep -q "upgraded" "$work/stopped.log" || fail "a successor took over from a process that stops"
    grep -q "stopped connections_cut=0" "$work/stopped.log" || fail "it did not stop well"
}
for _ in 1 2 3 4 5 6 7 8 9 10; do once; done
! curl -s --max-time 2 "http://127.0.0.1:$port/" >"$work/answer.log" || fail "somebody listens still"
ok "a stop ends a successor that starts"

# --- one that fails late ------------------------------------------------------------------------------

# Its admin interface is what comes last. Until nothing can fail it accepts nobody.
unset REDIAL_SET
free_port
mkdir -p "$work/late/upstreams.d"
printf '[redial]\nadmin = unix:%s\nthreads = 2\n' "$admin" >"$work/late/redial.conf"
printf '[upstream]\nlisten = 127.0.0.1:%s\ntarget = 127.0.3.1:%s\n' "$port" "$backend" >"$work/late/upstreams.d/one.conf"
start_redial late -c "$work/late"
sed -i "s/^admin = .*/&, 127.0.3.1:$backend/" "$work/late/redial.conf"
start storm "$steady" load -r 1000 -n 60000 "127.0.0.1:$port"
storm_pid=$pid
failures() { [ "$(grep -c "the upgrade failed" "$work/late.log")" -ge "$1" ]; }
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    ! ask_redial upgrade || fail "an upgrade without an admin interface: exit status 0"
    until_ok 5 failures $round
done
kill -0 "$storm_pid" 2>/dev/null || fail "the load was over before the upgrades: this test shows too little"
stop "$storm_pid" 2>/dev/null || :
failed=$(grep -vc ' ok ' "$work/storm.log" || :)
[ "$failed" -eq 0 ] || fail "$failed clients were accepted by successors that failed: $(grep -v ' ok ' "$work/storm.log" | head -n 5)"
stop_redial
ok "15 upgrades that fail late under 1,000 connections a second: 0 of $(grep -c . "$work/storm.log") clients failed"

status=0
# shellcheck disable=SC2016 # for the inner shell
sh -c 'LISTEN_PID=$$ LISTEN_FDS=many; export LISTEN_PID LISTEN_FDS; exec "$@"' sh "$redial" \
    "127.0.0.1:$port=127.0.3.1:$backend" 2>"$work/answer.log" || status=$?
[ $status -eq 1 ] || fail "with a broken LISTEN_FDS: exit status $status"
grep -q "LISTEN_FDS=many" "$work/answer.log" || fail "it does not say what is wrong: $(cat "$work/answer.log")"
ok "a broken LISTEN_FDS is one line and exit status 1"
