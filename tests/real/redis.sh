#!/bin/sh
# redis through redial: its client, pipelines, and its benchmark, with no error and nothing lost.
. "${srcdir:-.}/tests/real/lib.sh"

# found NAME...: the first of the programs that is here (the distributions' names differ)
found() {
    for name; do
        if command -v "$name"; then return; fi
    done
    skip "$1 is not installed (package ${1%-*}); ./bootstrap check installs it"
}
server=$(found redis-server valkey-server redis6-server) || { echo "$server" && exit 77; }
cli=$(found redis-cli valkey-cli redis6-cli) || { echo "$cli" && exit 77; }
benchmark=$(found redis-benchmark valkey-benchmark redis6-benchmark) || { echo "$benchmark" && exit 77; }

free_port
redis_port=$port
mkdir "$work/data"
start redis "$server" --port "$redis_port" --bind 127.0.0.2 --protected-mode no --save '' \
    --appendonly no --dir "$work/data"
direct() { "$cli" -h 127.0.0.2 -p "$redis_port" "$@"; }
until_ok 10 direct ping

free_port
listen=$port
start_redial redial "127.0.0.1:$listen=127.0.0.2:$redis_port" "unix:$work/redis.sock=127.0.0.2:$redis_port"
through() { "$cli" -h 127.0.0.1 -p "$listen" "$@"; }

[ "$(through ping)" = PONG ] || fail "no PONG"
ok "redis-cli ping"

# A value of 8 MB there and back, byte by byte.
awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "%07d\n", i }' >"$work/value"
through -x set value <"$work/value" >/dev/null
through --raw get value >"$work/back"
[ "$(direct strlen value)" -eq "$(wc -c <"$work/value")" ] || fail "the value arrived with another length"
head -c "$(wc -c <"$work/value")" "$work/back" | cmp - "$work/value" || fail "the value came back changed"
ok "a value of 8 MB there and back"

# 50,000 commands in one pipeline, by redis's own protocol.
awk 'BEGIN { for (i = 0; i < 50000; i++) {
    key = "k" i
    printf "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%d\r\n", length(key), key, length(i), i } }' >"$work/pipe"
through --pipe <"$work/pipe" >"$work/pipe.log"
grep -q 'errors: 0, replies: 50000' "$work/pipe.log" || fail "the pipeline: $(cat "$work/pipe.log")"
[ "$(direct get k49999)" = 49999 ] || fail "the last command of the pipeline is lost"
ok "50000 commands in one pipeline"

# calls COMMAND: "calls rejected failed", as the server counted
calls() {
    direct info commandstats | tr -d '\r' |
        sed -n "s/^cmdstat_$1:calls=\([0-9]*\),.*rejected_calls=\([0-9]*\),failed_calls=\([0-9]*\).*/\1 \2 \3/p"
}
run_benchmark() { # COUNT ARGUMENTS...
    count=$1
    shift
    direct config resetstat >/dev/null
    "$benchmark" -h 127.0.0.1 -p "$listen" -n "$count" -q -t set,get -r 1000 "$@" >"$work/benchmark.log" 2>&1 ||
        fail "redis-benchmark $*"
    ! grep -qi error "$work/benchmark.log" || fail "redis-benchmark $*: errors"
    for command in set get; do
        [ "$(calls $command)" = "$count 0 0" ] ||
            fail "redis-benchmark $*: of $count $command commands (calls rejected failed): $(calls $command)"
    done
}
run_benchmark 40000 -c 50 -P 16
ok "redis-benchmark, 50 clients, 16 commands in flight each: 80000 requests"
run_benchmark 4000 -c 50 -k 0
ok "redis-benchmark, a new connection for each of 8000 requests"

[ "$("$cli" -s "$work/redis.sock" ping)" = PONG ] || fail "no PONG through the Unix socket"
direct config resetstat >/dev/null
"$benchmark" -s "$work/redis.sock" -n 20000 -q -t set,get -r 1000 -c 50 -P 16 >"$work/benchmark.log" 2>&1 ||
    fail "redis-benchmark -s"
[ "$(calls set) $(calls get)" = "20000 0 0 20000 0 0" ] || fail "the Unix socket lost commands: $(calls set) $(calls get)"
ok "redis-benchmark over a Unix socket: 40000 requests"

stop_redial
[ ! -e "$work/redis.sock" ] || fail "the Unix socket was left behind"
ok "redial ended well"
