#!/bin/sh
# make load: what redial does with more than it is made for, and that who works meanwhile can go on.
# See README.md here. load.sh [open] [short] [flood] [slow] [log]: some of the parts.
# LOAD_QUICK=yes: small numbers, to see that all of it works; PEERS="redial haproxy nginx": with whom
# the flood is made.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/steady.sh"
. "${srcdir:-.}/tests/bench/scale.sh"
. "${srcdir:-.}/tests/load/proxies.sh"
! grep -q -e __asan_init -e __tsan_init "$redial" ||
    skip "not applicable: a sanitizer's own memory and time are in the figures"
[ -z "${REDIAL_WRAP-}" ] || skip "not applicable: another program's memory and time are in the figures"
need curl
need jq
rude=${RUDE:-tests/load/rude}
ctl=${REDIALCTL:-./redialctl}
admin=$work/admin.sock
parts=${*:-open short flood slow log}

if [ "${LOAD_QUICK-}" = yes ]; then
    many=300 shorts=2000 seconds=1 kept=200 crowd=1200 limit=500 readers=50 peers=${PEERS-redial}
else
    many=9000 shorts=100000 seconds=8 kept=5000 crowd=15000 limit=2000 readers=1000
    peers=${PEERS-redial haproxy nginx}
fi
rate=100 # of the client that works, in connections a second

# --- what all parts use ---------------------------------------------------------------------------

# One program serves small and large responses (origin), one says who it is (backend).
start_backends() {
    free_port
    origin_port=$port
    start origin "$load" origin "127.0.0.2:$origin_port" "127.0.0.3:$origin_port"
    until_ok 10 "$load" wait "127.0.0.2:$origin_port"
    free_port
    backend=$port
    start backends "$steady" serve "127.0.0.2:$backend" "127.0.0.3:$backend"
    until_ok 5 logged backends ready
    free_port
    listen=$port # of who works
    free_port
    bulk=$port # of the load
}

# launch WORD...: redial before both, with settings
launch() {
    start_redial redial -w 2 --admin "unix:$admin" "$@" "127.0.0.1:$listen=127.0.0.2:$backend,127.0.0.3:$backend" \
        "127.0.0.1:$bulk=127.0.0.2:$origin_port,127.0.0.3:$origin_port"
}

get() { curl -sf --max-time 10 --unix-socket "$admin" "http://localhost$1"; }

# counted FILTER: a number out of /status
counted() { get /status | jq "$1"; }
open='[.upstreams[].connections.open] | add'
opened='[.upstreams[].connections.opened] | add'
ended='[.upstreams[] | .ended[]] | add'

all_closed() { [ "$(counted "$open")" -eq 0 ]; }

# adds_up: when all have gone, every connection has ended in one way or another
adds_up() {
    until_ok 20 all_closed
    [ "$(counted "$opened")" -eq "$(counted "$ended")" ] ||
        fail "$(counted "$opened") connections were opened, and $(counted "$ended") have ended"
}

# of a process that opens and closes meanwhile
descriptors_of() { find "/proc/$1/fd" -type l 2>/dev/null | wc -l; }
pipes_of() { find "/proc/$1/fd" -lname 'pipe:*' 2>/dev/null | wc -l; }

# begin_works NAME SECONDS: the client that works, for so long
begin_works() {
    # shellcheck disable=SC2016 # for the inner shell
    start "works-$1" sh -c 'to=$1; shift; exec "$@" >"$to"' sh "$work/$1.clients" \
        "$steady" load -r $rate -n $(($2 * rate)) -t 30 "127.0.0.1:$listen"
    works_pid=$pid
}

# end_works NAME: what became of it, in milliseconds
end_works() {
    wait "$works_pid" || fail "$1: the client that works ended badly"
    figures "$1" 0 9999999999999999 >"$work/figures"
    # shellcheck disable=SC2034 # not everybody asks for all
    read -r count failed p50 p99 p999 longest <"$work/figures"
}

works() {
    begin_works "$1" "$2"
    end_works "$1"
}

ratio() { awk -v a="$1" -v b="$2" -v form="${3-%.1f}" 'BEGIN { printf form "\n", (b > 0 ? a / b : 0) }'; }

# --- open: many connections at once --------------------------------------------------------------------
# Rss: 0.45 KiB is what a connection takes (make bench); twice as much is a fault.
part_open() {
    launch
    before=$(descriptors_of "$redial_pid") heap_before=$(heap)
    hold_open first
    first_each=$each
    until_ok 20 back_to_rest
    heap_after=$(heap)
    hold_open second # if what the first took was kept for use, this one takes no more
    until_ok 20 back_to_rest
    heap_again=$(heap)
    at_most "KiB that stay after the second time more than after the first" $((heap_again - heap_after)) 512
    # blocks that are kept for the next, and what malloc keeps of its arenas
    at_most "KiB that stay afterwards" $((heap_after - heap_before)) $((1024 + many / 2))
    ok "open: $many connections at once, twice, each served at its begin and end, 0 failed:" \
        "$first_each B each; then 0 are open, descriptors $before and $(descriptors_of "$redial_pid")," \
        "heap $heap_before KiB, $heap_after after the first time, $heap_again after the second"
    stop_redial
}

back_to_rest() { all_closed && [ "$(descriptors_of "$redial_pid")" -le $((before + 2)) ]; }
has_figures() { [ -s "$work/hold-$1.log" ]; }

# hold_open NAME: opens all, looks, has each make one request more, closes
hold_open() {
    mkfifo "$work/go-$1"
    # shellcheck disable=SC2016 # for the inner shell
    start "hold-$1" sh -c 'from=$1; shift; exec "$@" <"$from"' sh "$work/go-$1" \
        "$load" idle -a -n $((many - 64)) -p "$redial_pid" "127.0.0.1:$bulk"
    hold=$pid
    exec 8<>"$work/go-$1"
    until_ok 60 has_figures "$1"
    [ "$(counted "$open")" -eq $many ] || fail "$(counted "$open") connections are open, not $many"
    out=$(cat "$work/hold-$1.log")
    each=$((($(value rss_after "$out") - $(value rss_before "$out")) * 1024 / $(value opened "$out")))
    at_most "bytes a connection" $each 1024
    echo >&8
    wait "$hold" || fail "not all of $many connections were served to the end"
    exec 8>&-
    [ "$(value again "$(tail -n 1 "$work/hold-$1.log")")" -eq $many ] || fail "not all of $many were served at the end"
}

# --- short: as fast as they go -----------------------------------------------------------------------------
# A tenth of what is usual on two CPUs is a fault, whatever else the machine does.
part_short() {
    launch
    for who in origin client; do
        flag=
        [ $who = origin ] || flag=-e
        # shellcheck disable=SC2086 # no word, or one
        out=$("$load" short $flag -c 64 -n $shorts -p "$redial_pid" "127.0.0.1:$bulk") || fail "connections failed"
        adds_up
        speed=$(ratio "$(value "done" "$out")" "$(value seconds "$out")" %.0f)
        cost=$(awk -v c="$(value cpu "$out")" -v n="$(value "done" "$out")" 'BEGIN { printf "%.0f\n", c * 1e6 / n }')
        at_most "microseconds of CPU a connection" "$cost" 1000
        [ "$speed" -ge 500 ] || [ "${REDIAL_TEST_SCALE:-1}" != 1 ] || fail "only $speed connections a second"
        ok "short: $(value "done" "$out") connections, 64 at a time, the $who ends them: 0 failed, $speed a second," \
            "$cost us of CPU each; opened $(counted "$opened") = ended $(counted "$ended") + open $(counted "$open")"
    done
    stop_redial
}

# --- flood: one client of this host takes all it can get ----------------------------------------------------
# Nobody who works may fail, whatever the flood. How long it waits is a question of the queue: one client
# cannot be told from another here (SECURITY.md), so all that can be asked is that those who have
# gone cost next to nothing (reset), and that who is dialled for or must wait has its turn within
# seconds, as behind any proxy. Where the queue of the kernel is full, a SYN is dropped and comes again
# after 1, 3 and 7 s.
start_peer_redial() { launch; }
start_peer_limited() { launch -o redial.max-connections=$limit; }
answers() { "$steady" load -n 1 -t 2 "127.0.0.1:$listen" | grep -q ' ok '; }

# flood ROW PEER MOST KEEP: p99 of who works may be MOST milliseconds
flood() {
    begin_works "$1-$2" "$seconds"
    "$rude" flood -k "$4" -d "$((seconds > 1 ? seconds - 1 : 1))" "127.0.0.1:$listen" >"$work/flood.log" || fail "the flood failed"
    out=$(cat "$work/flood.log")
    end_works "$1-$2"
    echo "flood, $1, $2: $(ratio "$(value opened "$out")" "$(value seconds "$out")" %.0f) a second;" \
        "of who works $failed of $count failed, p50 $p50 ms, p99 $p99 ms, longest $longest ms;" \
        "without it p50 $calm50 ms, p99 $calm99 ms: p99 $(ratio "$p99" "$calm99") times"
    case $2 in
    redial | limited)
        [ "$failed" -eq 0 ] || fail "$failed of $count clients failed in a flood"
        at_most "p99 of who works" "$p99" "$3"
        ok "flood, $1, $2: none failed, p99 within $3 ms"
        ;;
    esac
}

# calm PEER: who works without a flood
calm() {
    until_ok 10 answers
    works "calm-$1" $((seconds / 2 + 1))
    calm50=$p50 calm99=$p99
}

part_flood() {
    for peer in $peers; do
        [ "$peer" = redial ] || command -v "$peer" >/dev/null || { echo "$peer is not installed: left out"; continue; }
        "start_peer_$peer"
        peer_pid=$pid
        calm "$peer"
        flood reset "$peer" 1500 1
        flood "keep-$kept" "$peer" 5000 "$kept"
        flood "keep-$crowd" "$peer" 15000 "$crowd"
        [ "$peer" != redial ] || { adds_up && stop_redial; }
        [ "$peer" = redial ] || stop "$peer_pid" 2>/dev/null || :
    done
    start_peer_limited
    calm limited
    flood "keep-$kept" limited 15000 "$kept"
    adds_up
    stop_redial
}

# --- slow: readers that take next to nothing ----------------------------------------------------------------
# What waits for them is in the kernel's buffers, which take the most of a MiB and not 16 of them, and in
# pipes, 16 of 512 KiB a worker: never more, and below what a user may have of them
# (pipe-user-pages-soft). In redial itself there is nothing but the connection, and what of one piece
# a side did not take (64 KiB at the most, where there is no pipe).

# at_rest: whether redial takes less than a twentieth of a CPU, over a second; how much, in $rest
at_rest() {
    rest=$(cpu all) rest_at=$(date +%s%6N)
    sleep 1
    rest=$(ratio $((($(cpu all) - rest) * 100)) $(($(date +%s%6N) - rest_at)))
    [ "${rest%.*}" -lt 5 ]
}

part_slow() {
    launch
    heap_before=$(heap) pipes_before=$(pipes_of "$redial_pid")
    calm beside
    start trickle "$rude" trickle -c $readers -d 120 "127.0.0.1:$bulk"
    trickle=$pid
    until_ok 20 logged trickle asked
    start trickle-more "$rude" trickle -c $((readers / 10)) -b 16777216 -d 120 "127.0.0.1:$bulk"
    trickle_more=$pid
    until_ok 20 logged trickle-more asked
    until_ok 30 at_rest # when what fits into the buffers has gone there
    begin_works beside "$seconds"
    held=$(heap) pipes=$(($(pipes_of "$redial_pid") - pipes_before))
    end_works beside
    kill "$trickle" "$trickle_more" # now they take what is left
    for pid in $trickle $trickle_more; do wait "$pid" || fail "not all slow readers got all their bytes"; done
    [ "$failed" -eq 0 ] || fail "$failed of $count clients failed beside slow readers"
    at_most "p99 of who works beside slow readers" "$p99" 250
    at_most "pipes" $((pipes / 2)) 32
    [ $((pipes / 2)) -ge $((readers / 25 < 32 ? 1 : 32)) ] || fail "only $((pipes / 2)) pipes are held: this shows too little"
    pages=$((pipes * 64)) # 128 a pipe, which has two ends
    at_most "pages of pipes" $pages "$(cat /proc/sys/fs/pipe-user-pages-soft)"
    at_most "KiB of redial's own" $((held - heap_before)) $((1024 + readers * 2 + readers * 65 / 10))
    adds_up
    ok "slow: $readers readers of 1 KiB a second of 1 MiB each and $((readers / 10)) of 16 MiB, all of which came: redial's own memory $((held - heap_before)) KiB," \
        "$((pipes / 2)) pipes (at most $pages pages), $rest % of a CPU at rest; who works beside them:" \
        "$failed of $count failed, p50 $p50 ms, p99 $p99 ms, $(ratio "$p99" "$calm99") times that without them"
    stop_redial
}

# --- log: log and metrics in a storm ----------------------------------------------------------------------
# Each connection gets a line, debug's are there as well, and whoever reads the log is slow, absent
# or the disk is full, while status and metrics are asked for 20 times a second. The same storm without
# log and questions is the measure.
storm_rate=1000

# storm NAME: the storm, and who works beside it
storm() {
    start "storm-$1" "$load" short -r $storm_rate -c 256 -d "$seconds" "127.0.0.1:$bulk"
    storm_pid=$pid
    works "$1" "$seconds"
    wait "$storm_pid" || storm_failed "$1"
}

storm_failed() {
    why=$(cat "$work/storm-$1.log")
    kill -0 "$redial_pid" 2>/dev/null || {
        status=0
        wait "$redial_pid" || status=$?
        why="$why; redial has ended, with status $status"
    }
    fail "$1: connections of the storm failed: $why"
}

# scrape: asks 20 times a second, until it is ended; how long /metrics took, in scrape.times
scrape() {
    # shellcheck disable=SC2016 # for the inner shell
    start "scrape" sh -c 'while :; do
        curl -sf --max-time 10 -o "$2/metrics.out" -w "%{time_total}\n" --unix-socket "$1" http://localhost/metrics >>"$2/scrape.times" || exit 1
        "$3" -s "$1" status >"$2/status.out" || exit 1
        sleep 0.04
    done' sh "$admin" "$work" "$ctl"
    scrape_pid=$pid
}

end_scrape() {
    kill -0 "$scrape_pid" 2>/dev/null || fail "$1: /metrics or redialctl status failed: $(cat "$work/scrape.log")"
    stop "$scrape_pid" 2>/dev/null || :
    scraped=$(grep -c . "$work/scrape.times")
    metrics99=$(sort -n "$work/scrape.times" | awk -v n="$scraped" 'NR == int(n * 0.99 + 0.999) { printf "%.1f", $1 * 1000 }')
}

# launch_logged FILE WORD...: redial, whose standard error is this file, ready as its admin interface says
launch_logged() {
    sink=$1
    shift
    # shellcheck disable=SC2016,SC2086 # for the inner shell; several words
    start redial sh -c 'to=$1; shift; exec "$@" 2>"$to"' sh "$sink" ${REDIAL_WRAP-} "$redial" -w 2 --admin "unix:$admin" "$@" \
        "127.0.0.1:$listen=127.0.0.2:$backend,127.0.0.3:$backend" \
        "127.0.0.1:$bulk=127.0.0.2:$origin_port,127.0.0.3:$origin_port"
    redial_pid=$pid
    until_ok 20 "$ctl" -s "$admin" ready
}

lost() { get /metrics | sed -n 's/^redial_log_lines_lost_total //p'; }

# with_log NAME FILE: the storm, with all lines to there
with_log() {
    launch_logged "$2" --log-level debug -o redial.access-log=on
    : >"$work/scrape.times"
    scrape
    used=$(cpu all)
    storm "$1"
    used=$(($(cpu all) - used))
    end_scrape "$1"
    adds_up
    all=$(counted "$ended") gone=$(lost)
    [ "$failed" -eq 0 ] || fail "$1: $failed of $count clients failed"
    at_most "$1: p99 of who works" "$p99" 250
    at_most "$1: p99 of /metrics" "$metrics99" 1000
    told="who works: $failed of $count failed, p99 $p99 ms, $(ratio "$p99" "$calm99") times that without log and questions; \
/metrics p99 $metrics99 ms of $scraped; $(ratio "$used" "$calm_cpu") times the CPU"
    stop_redial
}

# connections_in FILE: lines of the access log
connections_in() { grep -c ' connection upstream=' "$1" || :; }

part_log() {
    launch_logged "$work/quiet.log" --log-level error
    calm_cpu=$(cpu all)
    storm calm
    calm_cpu=$(($(cpu all) - calm_cpu))
    calm99=$p99
    stop_redial

    with_log file "$work/all.log"
    [ "$gone" -eq 0 ] || fail "$gone lines did not get into a file"
    [ "$(connections_in "$work/all.log")" -eq "$all" ] || fail "$(connections_in "$work/all.log") lines for $all connections"
    ok "log to a file: $all connections, $all lines; $told"

    mkfifo "$work/stuck"
    exec 9<>"$work/stuck"
    with_log pipe "$work/stuck"
    [ "$gone" -gt 0 ] || fail "no line was lost in a pipe that nobody reads"
    timeout 5 cat <&9 >"$work/stuck.log" || :
    exec 9>&-
    read_lines=$(grep -c ' connection upstream=' "$work/stuck.log" || :)
    [ $((read_lines + gone)) -ge "$all" ] || fail "$read_lines lines and $gone lost are fewer than $all connections"
    ok "log to a pipe that nobody reads: $all connections, $gone lines lost and counted; $told"

    with_log full /dev/full
    [ "$gone" -ge "$all" ] || fail "/dev/full: $gone lines lost, of $all connections at least"
    ok "log to a full disk: $all connections, $gone lines lost and counted; $told"
}

# --------------------------------------------------------------------------------------------------------------

for program in "$load" "$rude" "$steady" "$redial" "$ctl"; do
    [ -x "$program" ] || fail "$program is not built: make load builds it"
done
echo "$(date -u +%Y-%m-%d) Linux $(uname -r), $(nproc) CPUs, $("$redial" --version | head -n 1)," \
    "at most $descriptors descriptors a process; load $(cut -d' ' -f1-3 /proc/loadavg)"
start_backends
for part in $parts; do
    "part_$part"
done
