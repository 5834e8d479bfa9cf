#!/bin/sh
# SRV records of a real DNS server: ports, weights and priorities; and the own zone. When all of the
# first tier are dead the next one serves, and the first again when it is back.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
need dnsmasq dnsmasq-base

free_port && dns_port=$port
free_port && light=$port
free_port && heavy=$port
free_port && spare=$port
free_port && zone=$port
free_port && listen=$port
free_port && listen_zone=$port

start dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --log-facility=- --user="$(id -un)" --pid-file= \
    --port="$dns_port" --listen-address=127.0.0.1 --bind-interfaces --no-resolv --no-hosts --local=/test/ --local-ttl=1 \
    --srv-host="_web._tcp.svc.test,a.svc.test,$light,1,10" --srv-host="_web._tcp.svc.test,b.svc.test,$heavy,1,20" \
    --srv-host="_web._tcp.svc.test,c.svc.test,$spare,2,0" --host-record=a.svc.test,127.0.1.1 \
    --host-record=b.svc.test,127.0.1.2 --host-record=c.svc.test,127.0.1.3 \
    --host-record=zone.svc.test,127.0.2.1 --host-record=zone.svc.test,127.0.3.1
until_ok 5 logged dnsmasq started

# serve NAME ADDRESS: a backend, in $NAME_pid
serve() {
    start "$1" "$steady" serve "$2"
    eval "$1_pid=$pid"
    until_ok 5 logged "$1" ready
}
serve light "127.0.1.1:$light"
serve heavy "127.0.1.2:$heavy"
serve spare "127.0.1.3:$spare"
serve own "127.0.2.1:$zone"
serve other "127.0.3.1:$zone"

"$redial" --check --resolve -r "127.0.0.1:$dns_port" "127.0.0.1:$listen=srv:_web._tcp.svc.test" >"$work/resolved"
grep -q "a.svc.test:$light (priority 1, weight 10)" "$work/resolved" || fail "--check --resolve: $(cat "$work/resolved")"
ok "--check --resolve shows what SRV says"

start_redial redial -r "127.0.0.1:$dns_port" -w 1 -o eject.base=200ms -o zone.prefer=127.0.2.0/24 \
    "127.0.0.1:$listen=srv:_web._tcp.svc.test" "127.0.0.1:$listen_zone=zone.svc.test:$zone"
until_ok 10 logged redial "endpoints changed" "upstream=127.0.0.1:$listen " "count=3"
until_ok 10 logged redial "endpoints changed" "upstream=127.0.0.1:$listen_zone " "count=2"

# expect PORT COUNT ADDRESS=SHARE...: so many clients, and who answered them
expect() {
    "$steady" load -r 300 -n "$2" "127.0.0.1:$1" >"$work/asked"
    where=$1 count=$2
    shift 2
    for share; do
        got=$(awk -v by="${share%=*}" '$3 == "ok" && $4 == by { n++ } END { print n + 0 }' "$work/asked")
        [ "$got" -eq "${share#*=}" ] ||
            fail "$got of $count answers at port $where came from ${share%=*}, not ${share#*=}: $(awk '{ print $3, $4 }' "$work/asked" | sort | uniq -c)"
    done
}
back() { [ "$(grep -c "endpoint back .*endpoint=$1" "$work/redial.log")" -ge 1 ]; }

expect "$listen" 300 127.0.1.1=100 127.0.1.2=200 127.0.1.3=0
ok "weights are shares, and the second priority rests"
expect "$listen_zone" 20 127.0.2.1=20
ok "the own zone serves alone"

stop "$light_pid" 2>/dev/null || :
stop "$heavy_pid" 2>/dev/null || :
stop "$own_pid" 2>/dev/null || :
expect "$listen" 60 127.0.1.3=60
expect "$listen_zone" 20 127.0.3.1=20
ok "the second tier serves when all of the first are dead"

serve light "127.0.1.1:$light"
serve heavy "127.0.1.2:$heavy"
serve own "127.0.2.1:$zone"
until_ok 20 back 127.0.1.1
until_ok 20 back 127.0.1.2
until_ok 20 back 127.0.2.1
expect "$listen" 30 127.0.1.1=10 127.0.1.2=20
expect "$listen_zone" 20 127.0.2.1=20
ok "the first tier serves again when it is back"

stop_redial
ok "redial ended well"
