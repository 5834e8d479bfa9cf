#!/bin/sh
# A rolling replacement of 20 tasks: each old one first swallows all connects, then leaves DNS, where
# a new one takes its place. Clients are a steady load, curl with new and with kept connections, and
# redis-benchmark; none of them may notice.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
. "${srcdir:-.}/tests/real/netns.sh"
need curl
need nginx
need dnsmasq dnsmasq-base
need redis-server
need redis-benchmark redis-tools

old=$(seq 11 30) new=$(seq 31 50)
# shellcheck disable=SC2086 # forty numbers
far_address 2 $old $new

# each FORMAT: a line for each task, with its number
each() {
    # shellcheck disable=SC2059,SC2086 # the format is given; forty numbers
    printf "$1" $old $new
}

# shellcheck disable=SC2046 # forty words
far backends "$steady" serve $(each '10.99.0.%s:9000 ')
until_ok 5 logged backends ready
mkdir "$work/nginx" "$work/redis"
cat >"$work/nginx/nginx.conf" <<CONF
master_process off;
daemon off;
pid $work/nginx/pid;
events { worker_connections 4000; }
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    server {
$(each '        listen 10.99.0.%s:8080;\n')
        location / { return 200 "\$server_addr\n"; }
    }
}
CONF
far nginx nginx -e stderr -p "$work/nginx" -c "$work/nginx/nginx.conf"
# A redis that listens on all of them, since one that is given addresses takes 16 at most.
far redis redis-server --port 6379 --protected-mode no --save '' --appendonly no --dir "$work/redis"

# records NUMBER...: what name.svc.test is from now on
records() {
    for number; do echo "10.99.0.$number name.svc.test"; done >"$work/hosts.new"
    mv "$work/hosts.new" "$work/hosts"
    [ -z "${dns_pid-}" ] || kill -HUP "$dns_pid"
}
# shellcheck disable=SC2086 # twenty numbers
records $old
far dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --log-facility=- --user="$(id -un)" \
    --pid-file= --listen-address=10.99.0.2 --bind-interfaces --no-resolv --no-hosts \
    --addn-hosts="$work/hosts" --local=/svc.test/ --local-ttl=1
dns_pid=$pid
until_ok 5 logged dnsmasq "read $work/hosts"

near redial "$redial" -w 2 -r 10.99.0.2:53 -o redial.access-log=on 127.0.0.1:3001=name.svc.test:9000 \
    127.0.0.1:3002=name.svc.test:8080 127.0.0.1:3003=name.svc.test:6379
redial_pid=$pid
until_ok 10 logged redial "endpoints changed" "upstream=127.0.0.1:3003" "count=20"

# --- the clients ---------------------------------------------------------------------------------

clients steady "$near" -r 100 -n 1400 127.0.0.1:3001
loads=$pid
# shellcheck disable=SC2016 # for the inner shell
near curl-new sh -c 'while [ ! -e "$0" ]; do
    curl -sS --max-time 20 -o /dev/null http://127.0.0.1:3002/ || exit 1; echo one; done' "$work/over"
loads="$loads $pid"
near curl-kept curl -sS --max-time 60 --rate 50/s -o /dev/null -w 'one\n' 'http://127.0.0.1:3002/[1-600]'
loads="$loads $pid"
# shellcheck disable=SC2016 # for the inner shell
near redis-new sh -c 'while [ ! -e "$0" ]; do
    redis-benchmark -h 127.0.0.1 -p 3003 -n 200 -c 5 -k 0 -q -t set || exit 1; done' "$work/over"
loads="$loads $pid"
sleep 1

# --- the replacement -------------------------------------------------------------------------------

left=$old came=
for number in $old; do
    fault add dead "$number"
    sleep 0.2
    left=$(echo "$left" | grep -vx "$number") || : # none is left at last
    came="$came $((number + 20))"
    # shellcheck disable=SC2086 # twenty numbers
    records $left $came
    sleep 0.3
done
touch "$work/over"
for pid in $loads; do wait "$pid" || fail "a client ended badly: $(tail -n 3 "$work"/curl-*.log "$work/redis-new.log")"; done

# shellcheck disable=SC2046 # six words
set -- $(figures steady 0 9999999999999999)
echo "    $1 clients, $2 failed; p50 $3, p99 $4, p99.9 $5, worst $6 ms"
[ "$2" -eq 0 ] || fail "$2 of $1 clients failed"
ok "20 tasks replaced one by one: $1 steady clients, $(grep -c one "$work/curl-new.log") by curl, $(grep -c one "$work/curl-kept.log") requests on kept connections"
! grep -qi error "$work/redis-new.log" || fail "redis-benchmark: $(grep -i error "$work/redis-new.log" | head -n 3)"
failed=$(grep -c 'end=\(connect-failed\|deadline\|no-address\)' "$work/redial.log") || :
[ "$failed" -eq 0 ] || fail "$failed connections found no address"
ok "no connection of $(grep -c ' connection ' "$work/redial.log") was left without an address"

# What nobody asks for any more leaves when redial's own probe fails, at the latest.
only_new() {
    awk -v upstream="upstream=127.0.0.1:3002" '/endpoints changed/ && index($0, upstream) {
        for (i = 1; i <= NF; i++) if ($i ~ /^count=/) count = $i }
        END { exit count != "count=20" }' "$work/redial.log"
}
until_ok 30 only_new
ip netns exec "$near" curl -s -H 'Connection: close' 'http://127.0.0.1:3002/[1-60]' >"$work/answers" || fail "a request failed"
# shellcheck disable=SC2046,SC2086 # twenty words
expect_share 3 $(printf '10.99.0.%s ' $new)
ok "the 20 new ones share the traffic alike, and no old one has any"
stop "$redial_pid" || fail "redial ended badly"
