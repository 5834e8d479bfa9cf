#!/bin/sh
# A peer that vanishes from an established connection, without a word: in two network namespaces,
# with nftables that drop every packet from one moment on. redial notices it within user-timeout,
# and takes none for vanished that lives and does not read.
. "${srcdir:-.}/tests/real/lib.sh"
need curl
need ip iproute2
need nft nftables
need nginx
[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"

near=redial-near-$$
far=redial-far-$$
end_namespaces() {
    status=$?
    # nginx is stopped in one case; a stopped process does not hear SIGTERM
    for pid in $pids; do kill -CONT "$pid" 2>/dev/null || :; done
    ip netns del "$near" 2>/dev/null || :
    ip netns del "$far" 2>/dev/null || :
    (exit $status)
    end_all
}
ip netns add "$near" 2>/dev/null || skip "network namespaces are not allowed here"
trap end_namespaces EXIT
ip netns add "$far"
ip link add near netns "$near" type veth peer name far netns "$far" 2>/dev/null || skip "no veth here"
ip -n "$near" addr add 10.99.0.1/24 dev near
ip -n "$far" addr add 10.99.0.2/24 dev far
for name in lo near; do ip -n "$near" link set $name up; done
for name in lo far; do ip -n "$far" link set $name up; done
nft_far() { ip netns exec "$far" nft "$@"; }
nft_far -f - 2>/dev/null <<RULES || skip "nftables are not allowed here"
table inet vanish {
    chain in { type filter hook input priority 0; }
    chain out { type filter hook output priority 0; }
}
RULES
vanish() {
    nft_far add rule inet vanish in drop
    nft_far add rule inet vanish out drop
}
come_back() { nft_far flush table inet vanish; }

mkdir "$work/nginx"
cat >"$work/nginx/nginx.conf" <<CONF
master_process off;
daemon off;
pid $work/nginx/pid;
events { }
http {
    access_log off;
    client_header_timeout 1h;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    server { listen 10.99.0.2:80; location / { return 200 "here\n"; } }
}
CONF
start nginx ip netns exec "$far" nginx -e stderr -p "$work/nginx" -c "$work/nginx/nginx.conf"
nginx_pid=$pid
in_near() { ip netns exec "$near" "$@"; }
until_ok 10 in_near curl -sf http://10.99.0.2/

user_timeout=2
start redial ip netns exec "$near" "$redial" -w 1 -o redial.access-log=on \
    -o session.user-timeout=${user_timeout}s 127.0.0.1:3001=10.99.0.2:80
redial_pid=$pid
start careless ip netns exec "$near" "$redial" -w 1 -o redial.access-log=on \
    -o session.user-timeout=off -o session.keepalive=off 127.0.0.1:3002=10.99.0.2:80
careless_pid=$pid
until_ok 20 logged redial " ready "
until_ok 20 logged careless " ready "

# hold NAME PORT: a client that is connected and says what is written into descriptor 9 later
hold() {
    mkfifo "$work/$1.in"
    start "$1" ip netns exec "$near" sh -c "exec curl -sN telnet://127.0.0.1:$2 <\"$work/$1.in\""
    exec 9>"$work/$1.in"
}

# connected COUNT: so many connections to nginx are established
connected() { [ "$(in_near ss -Htn state established 'dst 10.99.0.2' | wc -l)" -eq "$1" ]; }
ended() { [ "$(grep -c ' connection .*end=endpoint-reset' "$work/redial.log")" -eq "$1" ]; }

# noticed COUNT SECONDS WHAT: the COUNTth connection ends, at the latest after so long
now_ms() { date +%s%3N; }
noticed() {
    begin=$(now_ms)
    until_ok "$2" ended "$1"
    took=$(($(now_ms) - begin))
    ok "$3: noticed after $took ms"
}

# With a second for the kernel's whole seconds, and one for a busy host.
limit=$((user_timeout + 2))

hold idle 3001
idle_pid=$pid
exec 8>&9
hold unwatched 3002
unwatched_pid=$pid
until_ok 10 connected 2
vanish
noticed 1 $limit "an idle connection, user-timeout ${user_timeout}s"
connected 1 || fail "the one without keepalive is gone as well: this test shows nothing"
exec 8>&- 9>&-
come_back
stop "$idle_pid" 2>/dev/null || :
stop "$unwatched_pid" 2>/dev/null || :
stop "$careless_pid" || fail "the other redial ended with status $?"
until_ok 30 connected 0

hold busy 3001
busy_pid=$pid
until_ok 10 connected 1
vanish
printf 'GET / HTTP/1.1\r\n' >&9
noticed 2 $limit "bytes that nobody acknowledges"
exec 9>&-
come_back
stop "$busy_pid" 2>/dev/null || :

# It lives and does not read: it keeps its connection for longer than user-timeout, and
# then takes everything. nginx says 400 to what it gets.
kill -STOP "$nginx_pid"
start stalled ip netns exec "$near" sh -c 'head -c 64000000 /dev/zero | curl -sN telnet://127.0.0.1:3001'
stalled_pid=$pid
until_ok 10 connected 1
begin=$(now_ms)
waited() { [ $(($(now_ms) - begin)) -gt $((user_timeout * 2500)) ]; }
until_ok 60 waited
connected 1 || fail "a backend that lives and does not read was taken for one that vanished"
ended 2 || fail "a backend that lives and does not read was given up"
ok "a backend that does not read for $((user_timeout * 2500)) ms keeps its connection"

# And when it vanishes in that state, the probes of its window go unanswered, ever more rarely.
vanish
noticed 3 120 "one that did not read and then vanished"
stop "$stalled_pid" 2>/dev/null || :
come_back
kill -CONT "$nginx_pid"

stop_redial
ok "redial ended well"
