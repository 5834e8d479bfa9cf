#!/bin/sh
# A host that has no source port left towards an address: in a network namespace whose range of
# ports holds ten. That is nobody's fault but this host's: clients wait, no address is blamed, the
# log says once what to do, and whoever waits is served as soon as a port is free.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/netns.sh"
need curl
need nginx

far_address 11 12
mkdir "$work/nginx" "$work/files"
head -c 1000000 /dev/zero >"$work/files/endless"
cat >"$work/nginx/nginx.conf" <<CONF
master_process off;
daemon off;
pid $work/nginx/pid;
events { }
http {
    access_log off;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    keepalive_timeout 0;
    server {
        listen 80;
        location / { return 200 "\$server_addr\n"; }
        location /endless { root $work/files; limit_rate 100; }
    }
}
CONF
far nginx nginx -e stderr -p "$work/nginx" -c "$work/nginx/nginx.conf"
in_near() { ip netns exec "$near" "$@"; }
until_ok 10 in_near curl -sf http://10.99.0.11/
until_ok 10 in_near curl -sf http://10.99.0.12/

# Clients come from outside the range, so that they take no port away.
ports=10
in_near sysctl -qw net.ipv4.ip_local_port_range="20000 $((20000 + ports - 1))" \
    net.ipv4.tcp_tw_reuse=1
near redial "$redial" -w 2 -o redial.access-log=on -o connect.deadline=30s \
    unix:"$work/app.sock=10.99.0.11:80"
redial_pid=$pid
until_ok 20 logged redial " ready "

# hold NUMBER: a client whose answer takes hours
holders=
hold() {
    start "hold$1" curl -s --unix-socket "$work/app.sock" -o /dev/null http://x/endless
    holders="$holders $pid"
}
open_to() { [ "$(in_near ss -Htn state established dst 10.99.0.11 | wc -l)" -eq "$1" ]; }
i=0
while [ $i -lt $ports ]; do
    hold $i
    i=$((i + 1))
done
until_ok 10 open_to $ports

# The eleventh finds no port, whichever thread has it, and waits.
start waiting curl -sf --max-time 60 --unix-socket "$work/app.sock" http://x/
waiting_pid=$pid
until_ok 10 logged redial warning "this host cannot connect" "ip_local_port_range"
kill -0 "$waiting_pid" 2>/dev/null || fail "the client without a port did not wait"
ok "no port is left: the log says so and what to do, and the client waits"

# shellcheck disable=SC2086 # one pid after the other
set -- $holders
stop "$1" 2>/dev/null || :
wait "$waiting_pid" || fail "the client that waited was not served (curl exit status $?)"
logged waiting 10.99.0.11 || fail "the client that waited got no answer"
ok "a port is free: the client that waited is served"

[ "$(grep -c "this host cannot connect" "$work/redial.log")" -eq 1 ] || fail "the log says it more than once"
! grep -q "endpoint ejected" "$work/redial.log" || fail "an address was blamed for this host's lack"
! grep -q "end=deadline\|end=connect-failed" "$work/redial.log" || fail "a client failed"
ok "nobody was blamed, and the log said it once"
stop_redial
