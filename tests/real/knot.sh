#!/bin/sh
# Knot DNS with dynamic updates (RFC 2136), as service registries make them: addresses and SRV
# records come and go one by one, and no request fails.
. "${srcdir:-.}/tests/real/lib.sh"
need curl
need nginx
need knotd knot
need knsupdate knot-dnsutils

free_port
backend_port=$port
free_port
other_port=$port
for ip in 127.0.0.2 127.0.0.3 127.0.0.4; do
    start_nginx $ip "$backend_port"
done
start_nginx 127.0.0.5 "$other_port"

start_knot() {
    free_port
    dns_port=$port
    mkdir -p "$work/knot"
    cat >"$work/knot/svc.test.zone" <<ZONE
\$ORIGIN svc.test.
@ 3600 IN SOA ns.svc.test. host.svc.test. 1 3600 600 86400 1
@ 3600 IN NS ns.svc.test.
ns 3600 IN A 127.0.0.1
name 1 IN A 127.0.0.2
ZONE
    cat >"$work/knot/knot.conf" <<CONF
server:
    rundir: "$work/knot"
    listen: 127.0.0.1@$dns_port
    automatic-acl: off
database:
    storage: "$work/knot"
log:
  - target: stderr
    any: info
acl:
  - id: update
    address: 127.0.0.1
    action: update
zone:
  - domain: svc.test
    storage: "$work/knot"
    file: svc.test.zone
    zonefile-sync: -1
    journal-content: none
    acl: update
CONF
    start knot knotd -c "$work/knot/knot.conf"
    until_ok 10 logged knot "server started"
}

# update LINE...: one dynamic update
update() {
    {
        echo "server 127.0.0.1 $dns_port"
        echo "zone svc.test."
        for line; do echo "update $line"; done
        echo send
    } >"$work/update"
    knsupdate "$work/update" >"$work/update.log" 2>&1 || fail "update $*: $(cat "$work/update.log")"
}

# has_all IP PORT: whether it answers every request there
has_all() {
    ask "$2" 50
    [ "$(answered "$1")" -eq 50 ]
}

start_knot
free_port
listen=$port
free_port
service=$port
start_redial redial -r "127.0.0.1:$dns_port" -o dns.hold=3s \
    "127.0.0.1:$listen=name.svc.test:$backend_port" "127.0.0.1:$service=srv:_http._tcp.svc.test"
await_change "$listen" "upstream=127.0.0.1:$listen " " count=1"
update "add name.svc.test. 1 A 127.0.0.3"
await_change "$listen" "added=127.0.0.3:$backend_port"
update "add name.svc.test. 1 A 127.0.0.4"
await_change "$listen" "added=127.0.0.4:$backend_port"
ask "$listen" 600
expect_share 200 127.0.0.2 127.0.0.3 127.0.0.4
ok "addresses added one by one: even shares"

update "del name.svc.test. 1 A 127.0.0.2"
await_change "$listen" "removed=127.0.0.2:$backend_port"
ask "$listen" 600
expect_share 300 127.0.0.3 127.0.0.4
ok "an address removed: the others have its share"

update "del name.svc.test. A" "add name.svc.test. 1 A 127.0.0.2"
ask "$listen" 600 # while all of the old ones are in doubt
await_change "$listen" " count=1" "removed=127.0.0.3:$backend_port"
ask "$listen" 100
expect_share 100 127.0.0.2
ok "all addresses replaced at once: no request failed"

update "del name.svc.test. A"
ask "$listen" 600
expect_share 600 127.0.0.2
update "add name.svc.test. 1 A 127.0.0.2"
ok "no address for a moment: the last one serves"

update "add a.svc.test. 1 A 127.0.0.3" "add b.svc.test. 1 A 127.0.0.5" \
    "add _http._tcp.svc.test. 1 SRV 10 3 $backend_port a.svc.test."
await_change "$service" "upstream=127.0.0.1:$service " "added=127.0.0.3:$backend_port"
update "add _http._tcp.svc.test. 1 SRV 10 1 $other_port b.svc.test."
await_change "$service" "added=127.0.0.5:$other_port"
ask "$service" 400
[ "$(answered 127.0.0.3)" -eq 300 ] || fail "weights 3 and 1: $(sort "$work/answers" | uniq -c)"
ok "SRV: ports and weights, 300 and 100 of 400 requests"

update "del _http._tcp.svc.test. 1 SRV 10 3 $backend_port a.svc.test." \
    "add _http._tcp.svc.test. 1 SRV 20 3 $backend_port a.svc.test."
until_ok 10 has_all 127.0.0.5 "$service"
ok "SRV: the first priority has all"

update "del _http._tcp.svc.test. SRV" "add _http._tcp.svc.test. 1 SRV 0 0 0 ."
until_ok 10 logged redial "endpoints changed" "upstream=127.0.0.1:$service " " count=0"
ok "SRV: the target . was believed after hold"

stop_redial
ok "redial ended well"
