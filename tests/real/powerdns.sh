#!/bin/sh
# PowerDNS as Route 53 (8 of N addresses at random, TTL 0) behind dnsdist, which lies in every way
# that DNS has: no request fails, and every address gets its share.
. "${srcdir:-.}/tests/real/lib.sh"
need curl
need nginx
need pdns_server pdns-server
need dnsdist
[ -e "$(find /usr/lib -name libbindbackend.so -print -quit)" ] ||
    skip "PowerDNS has no bind backend (package pdns-backend-bind); ./bootstrap check --all installs it"

# One server for all addresses; it answers with the one that was asked.
start_backends() {
    free_port
    backend_port=$port
    mkdir -p "$work/nginx"
    cat >"$work/nginx/nginx.conf" <<CONF
master_process off;
daemon off;
pid $work/nginx/pid;
events { worker_connections 4000; }
http {
    access_log off;
    keepalive_timeout 0;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    server { listen 0.0.0.0:$backend_port; location / { return 200 "\$server_addr\n"; } }
}
CONF
    start nginx nginx -e stderr -p "$work/nginx" -c "$work/nginx/nginx.conf"
    until_ok 5 curl -sf "http://127.0.1.1:$backend_port/"
}

# addresses COUNT: what the DNS server chooses from at each question
addresses() {
    i=1
    while [ $i -le "$1" ]; do
        echo "127.0.1.$i"
        i=$((i + 1))
    done >"$work/ips.new"
    mv "$work/ips.new" "$work/ips"
}

start_powerdns() {
    free_port
    pdns_port=$port
    mkdir -p "$work/pdns"
    cat >"$work/pdns/pdns.conf" <<CONF
launch=bind
bind-config=$work/pdns/named.conf
local-address=127.0.0.1
local-port=$pdns_port
socket-dir=$work/pdns
enable-lua-records=yes
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
setuid=
setgid=
security-poll-suffix=
CONF
    echo "zone \"svc.test\" { type master; file \"$work/pdns/zone\"; };" >"$work/pdns/named.conf"
    cat >"$work/pdns/zone" <<ZONE
\$ORIGIN svc.test.
@ 3600 IN SOA ns.svc.test. host.svc.test. 1 3600 600 86400 5
@ 3600 IN NS ns.svc.test.
ns 3600 IN A 127.0.0.1
name 0 IN LUA A ";local t={} for l in io.lines('$work/ips') do t[#t+1]=l end return pickrandomsample(math.min(8,#t),t)"
ZONE
    start pdns pdns_server --config-dir="$work/pdns" --guardian=no --daemon=no
    until_ok 10 logged pdns "Creating backend connection"
}

# dnsdist looks at each question what the lie of the moment is, so that it is never away.
start_dnsdist() {
    free_port
    dns_port=$port
    cat >"$work/dnsdist.conf" <<CONF
setLocal("127.0.0.1:$dns_port")
setACL({"127.0.0.0/8"})
newServer({address="127.0.0.1:$pdns_port", healthCheckMode="up"})
local lies = {
    servfail = DNSAction.ServFail, refused = DNSAction.Refused, nxdomain = DNSAction.Nxdomain,
    drop = DNSAction.Drop, delay = DNSAction.Delay, truncate = DNSAction.Truncate }
addAction(AllRule(), LuaAction(function(dq)
    local file = io.open("$work/lie")
    local lie = file and file:read("l") or "none"
    if file then file:close() end
    if lie == "truncate" and dq.tcp then lie = "none" end
    return lies[lie] or DNSAction.None, "300"
end))
CONF
    start dnsdist dnsdist --supervised --disable-syslog -C "$work/dnsdist.conf"
    until_ok 5 logged dnsdist "Listening on"
}

lie() {
    echo "$1" >"$work/lie.new"
    mv "$work/lie.new" "$work/lie"
}

# even COUNT: the last answers came from so many addresses, none with a twentieth more than another
even() {
    sort "$work/answers" | uniq -c | awk -v want="$1" '
        NR == 1 { least = most = $1 }
        { if ($1 < least) least = $1; if ($1 > most) most = $1 }
        END { printf "%d addresses, %d to %d requests each\n", NR, least, most
              exit !(NR == want && most <= least * 1.05) }' >"$work/even" ||
        fail "expected $1 addresses with even shares: $(cat "$work/even")"
}

start_backends
addresses 12
start_powerdns
start_dnsdist
free_port
listen=$port
start_redial redial -r "127.0.0.1:$dns_port" -o dns.min-ttl=200ms \
    "127.0.0.1:$listen=name.svc.test:$backend_port"
until_ok 30 logged redial "endpoints changed" " count=12 "
ask "$listen" 30
ask "$listen" 3000
even 12
ok "8 of 12 at random: $(cat "$work/even")"

addresses 40
until_ok 60 logged redial "endpoints changed" " count=40 "
ask "$listen" 30
ask "$listen" 4000
even 40
ok "8 of 40 at random: $(cat "$work/even")"

recovered() {
    [ "$(grep -c 'dns recovered .*type=A$' "$work/redial.log")" -gt "$1" ]
}

# under LIE OUTCOME: redial notices the lie (unless OUTCOME is -), no request fails, and it recovers
under() {
    before=$(grep -c 'dns recovered .*type=A$' "$work/redial.log" || :)
    lie "$1"
    [ "$2" = - ] || until_ok 10 logged redial "dns failed" "type=A " "outcome=$2"
    ask "$listen" 2000
    [ "$(wc -l <"$work/answers")" -eq 2000 ] || fail "$1: answers are missing"
    ok "0 of 2000 requests failed while DNS says $1"
    lie none
    [ "$2" = - ] || until_ok 40 recovered "$before"
}

under servfail servfail
under refused refused
under nxdomain nxdomain
under drop timeout
under delay -
under truncate -
lie truncate

# Truncated by UDP, the whole answer comes by TCP: a new redial learns all of it.
stop_redial
addresses 5
start_redial truncated -r "127.0.0.1:$dns_port" "127.0.0.1:$listen=name.svc.test:$backend_port"
until_ok 10 logged truncated "endpoints changed" " count=5 "
ok "a truncated answer was had by TCP"

stop_redial
ok "redial ended well"
