#!/bin/sh
# The admin interface of the running redial, with its own client, curl, and promtool: what is seen,
# what is steered, and that nobody who looks disturbs those who are served.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
need curl
need jq

ctl=${REDIALCTL:-./redialctl}
admin=$work/admin.sock
free_port
backend=$port
start backends "$steady" serve 127.0.3.1:$backend 127.0.3.2:$backend 127.0.3.3:$backend
until_ok 5 logged backends ready
free_port
tcp=$port
free_port
one=$port
free_port
two=$port
mkdir -p "$work/conf/upstreams.d"
printf '[upstream]\nlisten = 127.0.0.1:%s\ntarget = 127.0.3.1:%s, 127.0.3.2:%s, 127.0.3.3:%s\n' \
    "$one" "$backend" "$backend" "$backend" >"$work/conf/upstreams.d/one.conf"
start_redial redial -w 2 -c "$work/conf" -r 127.0.0.1:9 --admin "unix:$admin" --admin "127.0.0.1:$tcp"
get() { curl -sf --max-time 10 --unix-socket "$admin" "http://localhost$1"; }
ask_redial() { "$ctl" -s "$admin" "$@"; }
# holds FILTER: whether it is true of the status
holds() { get /status | jq -e "$1" >"$work/holds.log"; }

# --- what is seen ------------------------------------------------------------------------------------

[ "$(stat -c %a "$admin")" = 660 ] || fail "the admin socket's mode is $(stat -c %a "$admin")"
"$steady" load -r 300 -n 300 "127.0.0.1:$one" >"$work/clients.log"
until_ok 10 holds '.upstreams[0].connections | .opened == 300 and .ended == 300 and .open == 0'
holds '.upstreams[0] | ([.ended[]] | add) == 300 and .ended.closed == 300' || fail "why connections ended does not add up"
holds '.upstreams[0] | .bytes.up == 1200 and .bytes.down == 3000' || fail "bytes: $(get /status | jq -c .upstreams[0].bytes)"
holds '.upstreams[0] | .connects.accepted == 300 and .connect_time.count == 300 and .connect_time.p99 < 1' || fail "connects do not add up"
holds '[.upstreams[0].endpoints[] | .accepted] == [100, 100, 100]' || fail "shares are not alike"
holds '.upstreams[0] | all(.endpoints[]; .state == "up" and .member == "static" and .active == 0)' || fail "states: $(get /status | jq -c .upstreams[0].endpoints)"
holds '.state == "serving" and .config.generation == 1 and .config.last_error == null and .threads == 2' || fail "the process: $(get /status | jq -c 'del(.upstreams, .events)')"
holds '[.events[].message] | index("ready") != null' || fail "the events lack the start"
ok "/status adds up: 300 connections, 1200 and 3000 bytes, 100 for each endpoint"

if command -v promtool >/dev/null; then
    get /metrics | promtool check metrics >"$work/promtool.log" 2>&1 || fail "promtool: $(cat "$work/promtool.log")"
    [ ! -s "$work/promtool.log" ] || fail "promtool: $(cat "$work/promtool.log")"
    ok "/metrics: promtool is content"
fi
get /metrics >"$work/metrics"
for line in 'redial_upstream_connections_opened_total{upstream="one"} 300' \
    'redial_upstream_connections_ended_total{upstream="one",reason="closed"} 300' \
    'redial_upstream_bytes_total{upstream="one",from="client"} 1200' \
    'redial_upstream_connect_seconds_count{upstream="one"} 300' \
    'redial_upstream_connect_seconds_bucket{upstream="one",le="+Inf"} 300' \
    "redial_endpoint_connects_accepted_total{upstream=\"one\",endpoint=\"127.0.3.1:$backend\"} 100" \
    "redial_endpoint_up{upstream=\"one\",endpoint=\"127.0.3.1:$backend\"} 1"; do
    grep -qxF "$line" "$work/metrics" || fail "/metrics lacks: $line"
done
ok "/metrics says the same"

# redial(8) has every metric and no other, and every field of the status.
page=${srcdir:-.}/man/redial.8
sed -n 's/^# TYPE redial_\([a-z_]*\) .*/\1/p' "$work/metrics" | sort >"$work/said"
awk '/^The metrics, each with/ { on = 1 } on && /^\.El/ { exit }
     on && /^\.It Li / { for (i = 3; i <= NF; i++) if ($i != ",") print $i }' "$page" | sort >"$work/documented"
diff "$work/documented" "$work/said" || fail "the metrics of redial(8) (<) and of /metrics (>) differ"
get /status | jq -r 'del(.events[].fields, .upstreams[].ended) | [paths[] | strings] | unique[]' >"$work/fields"
awk '/^The fields of/ { on = 1 } /^The metrics, each with/ { exit } on { gsub(/[^a-z0-9_.]/, " "); gsub(/[.]/, " "); print }' "$page" |
    tr -s ' ' '\n' | sort -u >"$work/documented"
for field in $(cat "$work/fields"); do
    grep -qxF "$field" "$work/documented" || fail "redial(8) lacks the field $field of /status"
done
ok "redial(8) has the metrics and fields"

curl -sf --max-time 10 -D "$work/head" --unix-socket "$admin" http://localhost/ >"$work/page.html"
grep -qi "^content-security-policy: .*default-src 'none'" "$work/head" || fail "the page has no strict policy"
cmp -s "$work/page.html" "${srcdir:-.}/src/admin/page.html" || fail "the page is another one than page.html"
curl -sf --max-time 10 "http://127.0.0.1:$tcp/status" | jq -e .pid >"$work/tcp.log" || fail "no status over TCP"
[ "$(curl -s -o "$work/out" -w '%{http_code}' -X POST "http://127.0.0.1:$tcp/reload")" = 403 ] || fail "a POST came over TCP"
[ "$(curl -s -o "$work/out" -w '%{http_code}' -H 'Host: evil.example' "http://127.0.0.1:$tcp/status")" = 403 ] || fail "a foreign Host was answered"
ok "the page, and TCP for reading alone"

# What GET /config says, redial reads as the same.
get /config >"$work/config.txt"
mkdir -p "$work/again/upstreams.d"
awk -v d="$work/again" '/^# redial.conf$/ { f = d "/redial.conf" } /^# upstreams.d\// { f = d "/" $2 } { print >f }' "$work/config.txt"
"$redial" --check -c "$work/again" >"$work/check.log" 2>&1 || fail "what /config says is no configuration: $(cat "$work/check.log")"
ok "/config can be read back"

# --- what is steered ---------------------------------------------------------------------------------

ask_redial drain "127.0.3.2:$backend" >"$work/answer.log" || fail "drain: $(cat "$work/answer.log")"
until_ok 5 holds '.upstreams[0].endpoints[1].state == "draining"'
"$steady" load -r 300 -n 90 "127.0.0.1:$one" >"$work/clients.log"
holds '[.upstreams[0].endpoints[] | .accepted] | .[1] == 100 and .[0] + .[2] == 290' || fail "a drained endpoint got connections"
ask_redial undrain "127.0.3.2:$backend" >"$work/answer.log"
"$steady" load -r 300 -n 90 "127.0.0.1:$one" >"$work/clients.log"
holds '.upstreams[0].endpoints[1].accepted == 130' || fail "an endpoint that is drained no more got $(get /status | jq .upstreams[0].endpoints[1].accepted)"
! ask_redial drain 127.0.9.9:1 >"$work/answer.log" 2>&1 || fail "an unknown endpoint was drained"
ok "drain and undrain"

ask_redial log-level debug >"$work/answer.log" && until_ok 5 logged redial "log level set" level=debug
printf '[upstream]\nlisten = 127.0.0.1:%s\ntarget = nobody.test:1\n' "$two" >"$work/conf/upstreams.d/two.conf"
ask_redial reload >"$work/answer.log" || fail "reload: $(cat "$work/answer.log")"
grep -q "1 upstream added" "$work/answer.log" || fail "reload says: $(cat "$work/answer.log")"
holds '.config.generation == 2 and (.upstreams | length) == 2' || fail "the reload is not seen"
status=0
ask_redial ready >"$work/answer.log" 2>&1 || status=$?
[ $status -eq 1 ] || fail "ready, while two has no address: exit status $status"
grep -q two "$work/answer.log" || fail "ready does not say who is missing: $(cat "$work/answer.log")"
until_ok 10 sh -c "\"$ctl\" -s '$admin' explain two | grep -q 'nobody.test'"
rm "$work/conf/upstreams.d/two.conf"
echo nonsense >>"$work/conf/upstreams.d/one.conf"
! ask_redial reload >"$work/answer.log" 2>&1 || fail "a broken file was taken"
grep -q "one.conf:4:" "$work/answer.log" || fail "reload does not say where: $(cat "$work/answer.log")"
holds '.config.last_error.errors | length == 1' || fail "the status does not tell of the failed reload"
sed -i '$d' "$work/conf/upstreams.d/one.conf"
ask_redial reload >"$work/answer.log"
ask_redial ready >"$work/answer.log" || fail "ready: $(cat "$work/answer.log")"
holds '.config.last_error == null and (.upstreams | length) == 1' || fail "the next reload did not heal it"
ok "reload and ready: what is wrong is said"

# --- nobody who looks disturbs ----------------------------------------------------------------------

start look sh -c 'while :; do curl -s --max-time 5 --unix-socket "$0" http://localhost/status http://localhost/metrics; done >/dev/null' "$admin"
look=$pid
"$steady" load -r 200 -n 1000 "127.0.0.1:$one" >"$work/clients.log"
stop "$look" 2>/dev/null || :
[ "$(grep -c ' ok ' "$work/clients.log")" -eq 1000 ] || fail "clients failed while somebody looked"
ok "1000 clients were served while somebody asked for the status without end"
stop_redial
[ ! -e "$admin" ] || fail "the admin socket was left behind"
