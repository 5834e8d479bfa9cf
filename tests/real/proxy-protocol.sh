#!/bin/sh
# The PROXY protocol, v1 and v2, before HAProxy (accept-proxy) and nginx (proxy_protocol): each
# says whose connection it takes this for.
. "${srcdir:-.}/tests/real/lib.sh"
need curl
need haproxy
need nginx

free_port
backend_port=$port
cat >"$work/haproxy.cfg" <<CONF
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend told
    bind 127.0.0.2:$backend_port accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]\n"
CONF
start haproxy haproxy -db -f "$work/haproxy.cfg"

mkdir "$work/nginx"
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
    server {
        listen 127.0.0.3:$backend_port proxy_protocol;
        location / { return 200 "\$proxy_protocol_addr \$proxy_protocol_port \$proxy_protocol_server_addr \$proxy_protocol_server_port\n"; }
    }
}
CONF
start nginx nginx -e stderr -p "$work/nginx" -c "$work/nginx/nginx.conf"

# A port that has been listened on for a moment at least; a bare connect is enough to know.
listens() { curl -s --max-time 1 "telnet://$1" </dev/null >/dev/null || [ $? -ne 7 ]; }
until_ok 10 listens "127.0.0.2:$backend_port"
until_ok 10 listens "127.0.0.3:$backend_port"

# told SERVER URL-HOST IP PORT: the server names the client's end and the one it connected to
told() {
    answer=$(curl -sf --max-time 10 -w '%{local_port}' "http://$2:$4/") || fail "$1: no answer (curl exit status $?)"
    said=$(printf '%s\n' "$answer" | sed -n 1p)
    own=$(printf '%s\n' "$answer" | sed -n 2p)
    [ "$said" = "$3 $own $3 $4" ] || fail "$1 was told \"$said\", not \"$3 $own $3 $4\""
}

has_ipv6() { grep -qs '^0*1 .* lo$' /proc/net/if_inet6; }

for version in v1 v2; do
    free_port
    haproxy_port=$port
    free_port
    nginx_port=$port
    start_redial "redial-$version" -o "session.proxy-protocol=$version" \
        "$haproxy_port=127.0.0.2:$backend_port" "$nginx_port=127.0.0.3:$backend_port"
    told HAProxy 127.0.0.1 127.0.0.1 "$haproxy_port"
    told nginx 127.0.0.1 127.0.0.1 "$nginx_port"
    ok "$version: HAProxy and nginx know the IPv4 client"
    if has_ipv6; then
        told HAProxy '[::1]' ::1 "$haproxy_port"
        told nginx '[::1]' ::1 "$nginx_port"
        ok "$version: HAProxy and nginx know the IPv6 client"
    fi
    stop_redial
done
ok "redial ended well"
