#!/bin/sh
# redial as the first process of a PID namespace, as in a container: the kernel gives that one no
# signal it has no handler for, and every orphan as a child.
. "${srcdir:-.}/tests/real/lib.sh"
[ -z "${REDIAL_WRAP-}" ] || skip "not applicable: another program would be the first process"
need unshare util-linux
need nsenter util-linux
[ "$(id -u)" -eq 0 ] || skip "a PID namespace needs root"
timeout 5 unshare --pid --fork true || skip "this host gives no PID namespaces"

free_port
listen=$port
free_port
backend=$port
start_nginx 127.0.6.1 $backend

# first_process: starts it; $outer is its pid out here
first_process() {
    mkdir -p "$work/conf/upstreams.d"
    printf '[upstream]\nlisten = 127.0.0.1:%s\ntarget = 127.0.6.1:%s\n' $listen $backend \
        >"$work/conf/upstreams.d/one.conf"
    # when unshare(1) ends, by whatever, so does redial
    start redial unshare --pid --fork --kill-child "$redial" -c "$work/conf"
    unshare_pid=$pid
    until_ok 10 logged redial " ready "
    outer=$(cat "/proc/$unshare_pid/task/$unshare_pid/children")
    outer=${outer% }
    logged redial " ready " || fail "not ready"
    ask $listen 3
}

# inside COMMAND...: in the namespace; its children are orphans afterwards
inside() { nsenter --target "$outer" --pid -- "$@"; }

ended() { ! kill -0 "$unshare_pid" 2>/dev/null; }
ends_well() {
    until_ok 10 ended
    status=0
    wait "$unshare_pid" || status=$?
    [ $status -eq 0 ] || fail "$1: exit status $status"
    logged redial " stopped " || fail "$1: it did not say that it stopped"
    ok "$1: it stops, with status 0"
}

for signal in TERM INT; do
    first_process
    [ "$(sed -n 's/^NSpid:.*\t//p' "/proc/$outer/status")" -eq 1 ] || fail "redial is not the first process"
    kill -$signal "$outer"
    ends_well "SIG$signal as the first process"
done

# Orphans, as of a health check's shell: none stays as a zombie.
first_process
orphans=20
i=0
while [ $((i += 1)) -le $orphans ]; do
    inside sh -c 'sleep 0.1 & exit 0'
done
children() { find "/proc/$outer/task/$outer/children" -exec cat {} + | wc -w; }
no_child() { [ "$(children)" -eq 0 ]; }
until_ok 10 no_child
ok "$orphans orphans have ended, and none stays as a zombie"
kill -HUP "$outer"
until_ok 10 logged redial " reloaded "
ask $listen 3
ok "a reload as the first process, and clients are served"
kill -TERM "$outer"
ends_well "after all that, SIGTERM"
