#!/bin/sh
# dnsmasq, nginx and curl: the requests are spread exactly over what the DNS says, a server that
# dies costs no request, and the traffic follows the record.
. "${srcdir:-.}/tests/real/lib.sh"
need curl
need nginx
need dnsmasq dnsmasq-base

free_port
backend_port=$port
for ip in 127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5; do
    start_nginx $ip "$backend_port"
    eval "nginx_${ip##*.}=$pid"
done
records 127.0.0.2 127.0.0.3 127.0.0.4
start_dnsmasq
free_port
listen=$port
start_redial redial -r "127.0.0.1:$dns_port" "127.0.0.1:$listen=name.svc.test:$backend_port"
await_change "$listen" " count=3"

ask "$listen" 600
expect_share 200 127.0.0.2 127.0.0.3 127.0.0.4
ok "600 requests over three servers: 200 each"

# shellcheck disable=SC2154 # set by eval
stop "$nginx_3" || :
ask "$listen" 600
[ "$(wc -l <"$work/answers")" -eq 600 ] || fail "600 requests, $(wc -l <"$work/answers") answers"
[ "$(answered 127.0.0.3)" -eq 0 ] || fail "the server that ended answered"
ok "one server ended: 600 requests, none failed"

records 127.0.0.2 127.0.0.4 127.0.0.5
await_change "$listen" 127.0.0.5 127.0.0.3
ask "$listen" 600
expect_share 200 127.0.0.2 127.0.0.4 127.0.0.5
ok "the record changed: the new server has its share"

records 127.0.0.5
await_change "$listen" " count=1"
ask "$listen" 100
expect_share 100 127.0.0.5
ok "one address left: it has all"

stop "$dns_pid" || :
dns_pid=
ask "$listen" 100
expect_share 100 127.0.0.5
ok "the DNS server ended: the last answer stays"

stop_redial
ok "redial ended well"
