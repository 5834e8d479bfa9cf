# shellcheck shell=sh
# Read, after tests/real/lib.sh and tests/real/steady.sh: others than redial in front of the same
# backends, as a measure. Two threads or workers each.
# shellcheck disable=SC2154 # work, steady, descriptors and the ports are of whoever reads this

start_peer_haproxy() {
    cat >"$work/haproxy.cfg" <<CONF
global
    nbthread 2
defaults
    mode tcp
    balance roundrobin
    timeout connect 2s
    timeout client 10m
    timeout server 10m
listen name
    bind 127.0.0.1:$listen
    server s2 127.0.0.2:$backend
    server s3 127.0.0.3:$backend
CONF
    start haproxy haproxy -db -f "$work/haproxy.cfg"
}

start_peer_nginx() {
    {
        for module in /usr/lib/nginx/modules /usr/lib64/nginx/modules; do
            [ ! -f $module/ngx_stream_module.so ] || echo "load_module $module/ngx_stream_module.so;"
        done
        cat <<CONF
daemon off;
worker_processes 2;
pid $work/nginx.pid;
error_log stderr crit;
events { worker_connections $((descriptors - 100)); }
stream {
    upstream name { server 127.0.0.2:$backend; server 127.0.0.3:$backend; }
    server { listen 127.0.0.1:$listen reuseport; proxy_pass name; }
}
CONF
    } >"$work/nginx.conf"
    start nginx nginx -p "$work" -e stderr -c "$work/nginx.conf"
}
