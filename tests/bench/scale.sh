# shellcheck shell=sh
# Read, after tests/real/lib.sh, by the bench of scale and by its smaller form that is a test: many
# upstreams, many addresses, many connections, and what the process takes for them.
# shellcheck disable=SC2154 # work, port, pid and redial_pid are lib.sh's

load=${LOAD:-tests/bench/redial-load}

# As many descriptors for all, and no more than is usual.
descriptors=$(ulimit -Hn)
[ "$descriptors" != unlimited ] && [ "$descriptors" -le 20000 ] || descriptors=20000
ulimit -n "$descriptors"

# start_origin: answers on every address of 127.0.0.0/8, so any of them can stand behind a name
start_origin() {
    free_port
    origin_port=$port
    start origin "$load" origin "0.0.0.0:$origin_port"
    until_ok 10 "$load" wait "127.0.0.2:$origin_port"
}

# addresses FIRST COUNT: so many of 127.32.0.1 and on, one a line
addresses() {
    awk -v first="$1" -v count="$2" 'BEGIN {
        for (i = first; i < first + count; i++)
            printf "127.%d.%d.%d\n", 32 + i / 62500, i / 250 % 250, 1 + i % 250 }'
}

# make_upstreams COUNT [KEY=VALUE...]: a configuration with so many, in $work/conf: each with a
# listening address and a name of its own, which has 8 addresses; 2 threads; at [SECTION]KEY=VALUE
make_upstreams() {
    rm -rf "$work/conf"
    mkdir -p "$work/conf/upstreams.d"
    free_port
    listen=$port
    printf '[redial]\nthreads = 2\nresolver = 127.0.0.1:%s\n' "$dns_port" >"$work/conf/redial.conf"
    awk -v count="$1" -v dir="$work/conf/upstreams.d" -v listen="$listen" -v to="$origin_port" 'BEGIN {
        for (i = 0; i < count; i++) {
            file = sprintf("%s/s%04d.conf", dir, i)
            printf "[upstream]\nlisten = 127.20.%d.%d:%s\ntarget = s%04d.svc.test:%s\n", i / 250,
                1 + i % 250, listen, i, to >file
            close(file)
        } }'
    shift
    for setting; do
        printf '%s\n%s = %s\n' "${setting%%]*}]" "$(echo "${setting#*]}" | cut -d= -f1)" "${setting#*=}"
    done >>"$work/conf/redial.conf"
}

# name_upstreams COUNT TTL: and the DNS server that knows the names
name_upstreams() {
    addresses 0 $(($1 * 8)) | awk '{ printf "%s s%04d.svc.test\n", $1, (NR - 1) / 8 }' >"$work/hosts"
    start_dnsmasq "$2"
}

# count_logged WORDS: lines of redial's log that hold them
count_logged() {
    grep -c "$1" "$work/redial.log" || :
}

# has_logged WORDS COUNT: whether there are so many
has_logged() {
    [ "$(count_logged "$1")" -ge "$2" ]
}

# rss: resident memory of redial in KiB. What the kernel keeps for its sockets is not in it.
rss() {
    awk '$1 == "Rss:" { print $2 }' "/proc/$redial_pid/smaps_rollup"
}

# heap: what of it is redial's own, without the pages of files, whose number varies
heap() {
    awk '$1 == "Anonymous:" { print $2 }' "/proc/$redial_pid/smaps_rollup"
}

# cpu [main|workers]: CPU time of redial, or of these of its threads, in microseconds
cpu() {
    case ${1:-all} in
    main) cat "/proc/$redial_pid/task/$redial_pid/schedstat" ;;
    workers) cat $(ls -d "/proc/$redial_pid/task/"* | grep -v "/$redial_pid\$" | sed 's,$,/schedstat,') ;;
    all) cat "/proc/$redial_pid/task/"*/schedstat ;;
    esac | awk '{ sum += $1 } END { printf "%d\n", sum / 1000 }'
}

# value KEY FIGURES: the VALUE of KEY=VALUE
value() {
    echo "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# connection_bytes COUNT ADDRESS:PORT: memory of one of so many idle connections, in bytes
connection_bytes() {
    figures=$("$load" idle -n "$1" -p "$redial_pid" "$2") || fail "connections failed"
    echo $((($(value rss_after "$figures") - $(value rss_before "$figures")) * 1024 / $(value opened "$figures")))
}
