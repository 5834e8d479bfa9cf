#!/bin/sh
# curl, as an operator and as a stranger, asks the HTTP side of the admin interface.
. "${srcdir:-.}/tests/real/lib.sh"
need curl

sock=$work/run/admin.sock
free_port
start serve tests/real/admin_serve "unix:$sock mode=0600" "$port"
serve_pid=$pid
until_ok 10 logged serve " ready "

# ask STATUS CURL-ARGUMENT...: the answer is in $work/head and $work/body
ask() {
    status=$1
    shift
    got=$(curl -sS --max-time 20 -D "$work/head" -o "$work/body" -w '%{http_code}' "$@") || fail "curl $*"
    [ "$got" = "$status" ] || fail "curl $*: $got and not $status, $(cat "$work/body")"
    for header in 'Cache-Control: no-store' 'X-Content-Type-Options: nosniff'; do
        grep -qi "^$header" "$work/head" || fail "curl $*: no $header"
    done
}
body() {
    [ "$(cat "$work/body")" = "$1" ] || fail "the answer is $(cat "$work/body")"
}
tcp=http://127.0.0.1:$port

[ "$(stat -c %a "$sock")" = 600 ] || fail "the mode of the socket"
[ "$(stat -c %a "$work/run")" = 750 ] || fail "the mode of its directory"
ask 200 --unix-socket "$sock" http://redial/hello
body hello
ask 200 "http://localhost:$port/hello"
ask 200 --http1.0 "$tcp/hello"
ask 202 --unix-socket "$sock" -d 'a body' 'http://redial/count?name=a%20b'
body 'a b 1'
ask 400 --unix-socket "$sock" -X POST 'http://redial/count?name=a&name=b'
ask 404 "$tcp/missing"
ask 405 --unix-socket "$sock" 'http://redial/count?name=a'
grep -qi '^Allow: POST' "$work/head" || fail "405 without Allow"
ok "the operator"

curl -sS --max-time 20 -I "$tcp/bytes" | grep -qi '^Content-Length: 4194304' || fail "HEAD"
ask 200 "$tcp/bytes"
[ "$(wc -c <"$work/body")" -eq 4194304 ] || fail "4 MiB came as $(wc -c <"$work/body")"
ok "HEAD, and an answer of 4 MiB"

ask 403 -X POST "$tcp/count?name=a"
ask 403 -H 'Host: evil.test' "$tcp/hello"
ask 403 -H 'Origin: http://evil.test' "$tcp/hello"
ask 403 -H 'Origin: http://evil.test' --unix-socket "$sock" -X POST 'http://redial/count?name=a'
ask 200 -H "Origin: $tcp" "$tcp/hello"
ask 413 --unix-socket "$sock" -H Expect: -d "$(head -c 5000 /dev/zero | tr '\0' x)" 'http://redial/count?name=a'
ask 431 -H "X: $(head -c 9000 /dev/zero | tr '\0' x)" "$tcp/hello"
ok "the stranger"

ask 202 --unix-socket "$sock" -X POST 'http://redial/count?name=a'
body 'a 2'
stop "$serve_pid" || fail "it ended with $?"
[ ! -e "$sock" ] || fail "the socket is there still"
ok "what was refused did nothing, and nothing is left"
