# shellcheck shell=sh
# Read by the tests with real servers: a working directory, processes that end with the test, free
# ports, waiting for events.
set -eu
export LC_ALL=C

redial=${REDIAL:-./redial}
REDIAL_SET=redial.admin=off # there is one place for all by default
export REDIAL_SET
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d "${TMPDIR:-/tmp}/redial-real.XXXXXX")
pids=
trap end_all EXIT
trap 'exit 130' INT TERM HUP

# What else a test must undo; it may define this anew.
at_end() {
    :
}

# Ends every process that start began, by its own pid, and shows the logs of a test that failed.
end_all() {
    status=$?
    trap '' EXIT INT TERM HUP
    for pid in $pids; do kill "$pid" 2>/dev/null || :; done
    for pid in $pids; do wait "$pid" 2>/dev/null || :; done
    at_end
    if [ $status -ne 0 ] && [ $status -ne 77 ]; then
        for log in "$work"/*.log; do
            [ ! -s "$log" ] || { echo "--- the end of ${log##*/}" && tail -n 20 "$log"; }
        done
    fi
    rm -rf "$work"
    exit $status
}

skip() {
    echo "SKIP: $*"
    exit 77
}

fail() {
    echo "FAILED: $*"
    exit 1
}

ok() {
    echo "ok: $*"
}

# REDIAL_REAL_TESTS names those that are to run, where it is not all of them: the same program has
# been put through the others in another run.
case " ${REDIAL_REAL_TESTS-${0##*/}} " in
*" ${0##*/} "*) ;;
*) skip "not applicable: another run has it" ;;
esac

# need PROGRAM [PACKAGE]: skips the test when it is not here
need() {
    command -v "$1" >/dev/null || skip "$1 is not installed (package ${2:-$1}); ./bootstrap check --all installs it"
}

# is_sanitized PROGRAM: gcc links a library, clang makes it part of the program
is_sanitized() { grep -qaE '__(asan_init|tsan_init|ubsan_handle)' "$1"; }

# start NAME COMMAND...: in the background, its output in NAME.log, its process in $pid; the log is
# emptied first, or one of that name before would be read for the new one's
start() {
    log=$work/$1.log
    shift
    : >"$log"
    "$@" >>"$log" 2>&1 </dev/null &
    pid=$!
    pids="$pids $pid"
}

# stop PID: ends a process of start's and waits for its end; its exit status
stop() {
    kill "$1"
    wait "$1"
}

# until_ok SECONDS COMMAND...: tries it until it succeeds, for so long at most; with a slow build
# (REDIAL_TEST_SCALE, as for the other tests) longer
until_ok() {
    rounds=$(awk -v s="$1" -v scale="${REDIAL_TEST_SCALE:-1}" 'BEGIN { print int(s * 20 * (scale > 1 ? scale : 1)) }')
    shift
    while ! "$@" >/dev/null 2>&1; do
        rounds=$((rounds - 1))
        [ $rounds -gt 0 ] || fail "waited in vain for: $*"
        sleep 0.05
    done
}

# logged FILE WORD...: whether a line of the log holds all the words
logged() {
    file=$work/$1.log
    shift
    awk 'BEGIN { for (i = 1; i < ARGC - 1; i++) { word[i] = ARGV[i]; ARGV[i] = "" } }
         { for (i in word) if (!index($0, word[i])) next; found = 1; exit }
         END { exit !found }' "$@" "$file"
}

# A free TCP and UDP port, in $port: used by no socket now, given to nobody twice by this process,
# and outside the range of tests/lib/port.c and of the kernel.
port=$((7000 + $$ * 37 % 3900))
free_port() {
    while :; do
        port=$((port >= 10900 ? 7000 : port + 1))
        hex=$(printf ':%04X ' "$port")
        grep -qs "$hex" /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 || return 0
    done
}

# start_redial NAME ARGUMENT...: waits until it is ready
start_redial() {
    name=$1
    shift
    # shellcheck disable=SC2086 # a command of several words
    start "$name" ${REDIAL_WRAP-} "$redial" "$@"
    redial_pid=$pid
    until_ok 20 logged "$name" " ready "
}

# stop_redial: SIGTERM, and it must end well
stop_redial() {
    status=0
    stop "$redial_pid" || status=$?
    [ $status -eq 0 ] || fail "redial ended with status $status"
}

# start_nginx IP PORT [KEEPALIVE]: a server that answers every request with its address; KEEPALIVE
# is how many seconds it keeps an idle connection, by default none
start_nginx() {
    dir=$work/nginx-$1
    mkdir -p "$dir"
    cat >"$dir/nginx.conf" <<CONF
master_process off;
daemon off;
pid $dir/pid;
events { worker_connections 4000; }
http {
    access_log off;
    keepalive_timeout ${3-0};
    keepalive_requests 100000;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    root $work/files;
    server {
        listen $1:$2 backlog=4096;
        location / { return 200 "$1\n"; }
        location /files/ { alias $work/files/; }
    }
}
CONF
    start "nginx-$1" nginx -e stderr -p "$dir" -c "$dir/nginx.conf"
    until_ok 5 curl -sf "http://$1:$2/"
}

# records IP...: what the DNS server says from now on for name.svc.test
records() {
    for ip; do echo "$ip name.svc.test"; done >"$work/hosts.new"
    mv "$work/hosts.new" "$work/hosts"
    [ -z "${dns_pid-}" ] || kill -HUP "$dns_pid"
}

# start_dnsmasq [TTL]: answers for svc.test from the records, with a TTL of so many seconds (1)
start_dnsmasq() {
    free_port
    dns_port=$port
    start dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --log-facility=- \
        --user="$(id -un)" --pid-file= --port="$dns_port" --listen-address=127.0.0.1 --bind-interfaces \
        --no-resolv --no-hosts --addn-hosts="$work/hosts" --local=/svc.test/ \
        --local-ttl="${1:-1}" --dns-forward-max=5000
    dns_pid=$pid
    until_ok 5 logged dnsmasq "read $work/hosts"
}

# await_change PORT WORD...: until redial has logged this change of the endpoints; some requests
# more, so that every worker thread has heard of it
await_change() {
    changed_port=$1
    shift
    until_ok 10 logged redial "endpoints changed" "$@"
    ask "$changed_port" 30
}

# ask PORT COUNT: so many requests, a new connection each; the answers in $work/answers
ask() {
    curl -sf --max-time 60 "http://127.0.0.1:$1/[1-$2]" >"$work/answers" ||
        fail "a request failed (curl exit status $?)"
}

# answered IP: how many of the answers came from there
answered() {
    grep -cx "$1" "$work/answers" || :
}

# expect_share COUNT IP...: each of them, and nobody else, gave so many answers
expect_share() {
    share=$1
    shift
    for ip; do
        count=$(answered "$ip")
        [ "$count" -eq "$share" ] || fail "$ip answered $count requests, not $share:
$(sort "$work/answers" | uniq -c)"
    done
    [ "$(wc -l <"$work/answers")" -eq $((share * $#)) ] || fail "$(sort "$work/answers" | uniq -c)"
}
