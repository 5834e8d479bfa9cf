#!/bin/sh
# A server is replaced through DNS while clients keep their connections alive: with `removed = drain`
# they move to the new one, and no request fails.
. "${srcdir:-.}/tests/real/lib.sh"
need curl
need nginx
need dnsmasq dnsmasq-base

free_port
backend_port=$port
start_nginx 127.0.0.2 "$backend_port" 60
start_nginx 127.0.0.3 "$backend_port" 60
records 127.0.0.2
start_dnsmasq
free_port
listen=$port
start_redial redial -r "127.0.0.1:$dns_port" -o redial.access-log=on -o 'session.removed=drain 4s' \
    "127.0.0.1:$listen=name.svc.test:$backend_port"
until_ok 10 logged redial "endpoints changed" " count=1"

# Ten clients, each with one connection that it uses three times a second, for ten seconds.
curl --help all | grep -q -- '--rate' || skip "this curl has no --rate (7.84 or newer)"
clients=
for client in 1 2 3 4 5 6 7 8 9 10; do
    start "client-$client" curl -sSf --rate 180/m --max-time 5 "http://127.0.0.1:$listen/[1-30]"
    clients="$clients $pid"
done
used() { [ "$(cat "$work"/client-*.log | grep -cx 127.0.0.2)" -ge 40 ]; }
until_ok 10 used
[ "$(grep -c ' connection ' "$work/redial.log")" -eq 0 ] || fail "a connection ended before its time"
records 127.0.0.3
until_ok 10 logged redial "endpoints changed" removed=127.0.0.2

for client in $clients; do
    wait "$client" || fail "a client failed (curl exit status $?)"
done
for client in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(grep -cxE '127\.0\.0\.[23]' "$work/client-$client.log")" -eq 30 ] || fail "client $client has not all its answers"
    [ "$(tail -n 1 "$work/client-$client.log")" = 127.0.0.3 ] || fail "client $client has not moved"
done
drained=$(grep -c ' connection .*end=drained' "$work/redial.log") || :
[ "$drained" -eq 10 ] || fail "$drained connections were drained, not 10"
ok "10 keep-alive clients moved to the new server: 300 requests, none failed"
stop_redial
ok "redial ended well"
