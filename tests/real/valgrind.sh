#!/bin/sh
# Under valgrind: start, serve, follow a change of the DNS, stop. No leak and no error.
. "${srcdir:-.}/tests/real/lib.sh"
! grep -q -e __asan_init -e __tsan_init "$redial" ||
    skip "not applicable: this build has a sanitizer in it, and valgrind cannot run it"
need valgrind
need curl
need nginx
need dnsmasq dnsmasq-base

free_port
backend_port=$port
start_nginx 127.0.0.2 "$backend_port"
start_nginx 127.0.0.3 "$backend_port"
nginx=$pid
mkdir "$work/files"
head -c 3000000 /dev/urandom >"$work/files/large"
records 127.0.0.2 127.0.0.3
start_dnsmasq
free_port
listen=$port
free_port
static=$port

export REDIAL_TEST_SCALE=6
REDIAL_WRAP="valgrind --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible
    --errors-for-leak-kinds=definite,indirect,possible --track-fds=no --log-file=$work/valgrind.log"
start_redial redial -r "127.0.0.1:$dns_port" -w 2 -o redial.access-log=on \
    "127.0.0.1:$listen=name.svc.test:$backend_port" "127.0.0.1:$static=127.0.0.2:$backend_port"
await_change "$listen" " count=2"

ask "$listen" 60
expect_share 30 127.0.0.2 127.0.0.3
ask "$static" 10
curl -sf --max-time 60 "http://127.0.0.1:$listen/files/large" | cmp - "$work/files/large" ||
    fail "a file came through changed"
stop "$nginx" || :
ask "$listen" 20
expect_share 20 127.0.0.2
records 127.0.0.2
await_change "$listen" " count=1"
ask "$listen" 20
ok "served under valgrind"

status=0
stop "$redial_pid" || status=$?
[ $status -eq 0 ] || fail "exit status $status (99: valgrind found errors or leaks)"
grep -q 'ERROR SUMMARY: 0 errors' "$work/valgrind.log" || fail "valgrind did not say that there are no errors"
sed -n 's/^==[0-9]*== *//p' "$work/valgrind.log" | grep -e lost: -e reachable: -e 'no leaks' || :
ok "no leak and no error"
