#!/bin/sh
# What the unit's filter lets through is all that redial needs, in small: make check-seccomp has the
# whole suite run so. And a filter that is too narrow is found, be it by a test or by what it denied.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
load=${LOAD:-tests/bench/redial-load}
unit=packaging/systemd/redial.service
confined=${srcdir:-.}/tests/systemd/confined

# --- the story, in which redial is confined already ---------------------------------------------------
if [ "${1-}" = story ]; then
    . "${srcdir:-.}/tests/real/successors.sh"
    free_port
    origin=$port
    start origin "$load" origin "127.0.0.2:$origin"
    until_ok 5 "$load" wait "127.0.0.2:$origin"
    free_port
    start_redial redial -w 2 -c "$work" -r 127.0.0.1:9 --admin "unix:$admin" "127.0.0.1:$port=127.0.0.2:$origin" \
        "unix:$work/socket=name.test:$origin"
    until_ok 5 "$load" wait "127.0.0.1:$port"
    "$load" short -n 200 "127.0.0.1:$port" >/dev/null || fail "connections failed"
    "$load" stream -c 2 -n 64 "127.0.0.1:$port" >/dev/null || fail "streams failed"
    ask_redial status || fail "status: $(cat "$work/answer.log")"
    ask_redial reload || fail "reload: $(cat "$work/answer.log")"
    ask_redial upgrade || fail "upgrade: $(cat "$work/answer.log")"
    until_ok 10 answers_itself
    "$load" wait "127.0.0.1:$port" || fail "the successor does not serve"
    wait "$redial_pid" || fail "the old process ended badly"
    redial_pid=$(successors | tail -n 1)
    kill "$redial_pid"
    until_ok 10 logged redial " stopped "
    exit 0
fi

# --- with the unit, and with worse ones ---------------------------------------------------------------
[ -z "${REDIAL_WRAP-}" ] || skip "not applicable: redial is under another program already"
need systemd-analyze systemd
! grep -q -e __asan_init -e __tsan_init "$redial" || skip "not applicable: sanitizers call what redial does not"
"$confined" "$unit" true >"$work/try.log" 2>&1 || fail "the unit's filter cannot be made: $(cat "$work/try.log")"

# told UNIT: the story under it; what comes of it in story.log
told() { "$confined" "$1" "$0" story >"$work/story.log" 2>&1; }

told "$unit" || fail "under the unit: $(cat "$work/story.log")"
ok "the unit: $(sed -n 's/^confined: //p' "$work/story.log")"

# narrow WHAT EDIT CALL: without it, as sed(1) takes it out of the unit, that fails, and the call is named
narrow() {
    sed "$2" "$unit" >"$work/narrow.service"
    ! told "$work/narrow.service" || fail "nobody found that $1 is missing"
    grep -q "^ .* $3 pid=" "$work/story.log" || fail "without $1 it fails otherwise: $(cat "$work/story.log")"
    ok "without $1: $3 was denied, and told"
}
# Without the first two redial goes on in another way, so that no test would fail.
narrow splice 's/^SystemCallErrorNumber=/SystemCallFilter=~splice\n&/' splice
narrow AF_NETLINK 's/ AF_NETLINK//' socket
narrow memfd_create 's/^SystemCallErrorNumber=/SystemCallFilter=~memfd_create\n&/' memfd_create
