#!/bin/sh
# The pattern of cloudformation/ on one machine: tasks are network namespaces, PowerDNS is Cloud Map
# (8 of the addresses, at random), hello is the program in hello.yml, and redial beside it has the
# environment that hello.yml gives it. name is scaled from 2 to 12 to 3 under load, and tasks end as
# Fargate ends them: their address goes silent while DNS still names it.
# usage: rehearsal.sh [full]: full takes the records' TTL of name.yml, and minutes; else it is 0.
. "${srcdir:-.}/tests/real/lib.sh"
. "${srcdir:-.}/tests/real/dns.sh"
. "${srcdir:-.}/tests/rehearsal/task.sh"
redialctl=${REDIALCTL:-./redialctl}
here=${srcdir:-.}/tests/rehearsal
templates=${srcdir:-.}/cloudformation
need node nodejs
need_pdns
node -e 'process.exit(+(typeof fetch !== "function"))' || skip "node $(node --version) has no fetch: 18 or newer is needed"

# extract FILE NAME=VALUE...: what a template says
extract() {
    file=$templates/$1
    shift
    for setting; do
        shift
        set -- "$@" -v "$setting"
    done
    awk "$@" -f "$here/extract.awk" "$file" >"$work/extract"
    [ -s "$work/extract" ] || fail "$file does not say: $*"
    cat "$work/extract"
}

negative_ttl=$(extract cluster.yml want=default parameter=NegativeTtl)
if [ "${1-}" = full ]; then
    ttl=$(extract name.yml want=default parameter=RecordTtl) patience=300
else
    ttl=0 patience=40
fi
stays=$((ttl + 3)) # seconds that a record outlives its task
name_port=$(extract name.yml want=default parameter=Port)
extract hello.yml want=program container=hello >"$work/hello.js"
extract hello.yml want=environment container=hello >"$work/hello.env"
extract hello.yml want=environment container=redial >"$work/redial.env"
hello_port=$(sed -n 's/^PORT=//p' "$work/hello.env")
sed 's/^/    /' "$work/hello.env" "$work/redial.env"

# Each variable as a line that a shell reads: a container's environment, and nothing else of redial's.
for name in hello redial; do
    sed "s/'/'\\\\''/g; s/=\(.*\)/='\1'/; s/^/export /" "$work/$name.env" >"$work/$name.sh"
done

# contain NUMBER CONTAINER COMMAND...: starts it in that task, with the container's environment
contain() {
    number=$1 container=$2
    shift 2
    # shellcheck disable=SC2016 # for the inner shell
    in_task "$number" "$container-$number" sh -c '. "$0" && exec "$@"' "$work/$container.sh" "$@"
}

# --- the VPC, and Cloud Map -------------------------------------------------------------------------

# instances NUMBER...: the tasks that DNS names from now on
instances() {
    expected=$#
    # shellcheck disable=SC2046 # addresses
    zone_of instances $(printf '10.99.1.%s ' "$@")
}

start_cloud_map() {
    pdns_conf 10.99.0.2 53 internal
    cat >"$work/pdns/zone" <<ZONE
\$ORIGIN internal.
@ $negative_ttl IN SOA ns.internal. host.internal. 1 3600 600 86400 $negative_ttl
@ 3600 IN NS ns.internal.
ns 3600 IN A 10.99.0.2
$(sample_record name "$ttl" instances)
ZONE
    start pdns ip netns exec "$vpc" pdns_server --config-dir="$work/pdns" --guardian=no --daemon=no
    until_ok 10 logged pdns "Creating backend connection"
}

# --- tasks ------------------------------------------------------------------------------------------

echo "export PORT=$name_port" >"$work/name.sh"
start_names() {
    for number; do
        make_task "$number"
        contain "$number" name node "$here/name.js"
        eval "name_$number=$pid"
        until_ok 20 logged "name-$number" listening
    done
}

# stop_names NUMBER...: as Fargate does it: no new connection gets an answer, what is open is
# answered, the server ends, and then the address is nobody's. DNS names it all the while.
stop_names() {
    silence "$@"
    for number; do
        until_ok 20 idle "$number"
        eval "stop \"\$name_$number\"" || fail "name $number ended badly"
    done
    take_away "$@"
}

ctl() {
    number=$1
    shift
    "$redialctl" -s "$work/admin-$number" "$@"
}

# start_hello NUMBER: redial, and the application when redial is healthy, as dependsOn says
start_hello() {
    make_task "$1"
    contain "$1" redial "$redial" --admin "unix:$work/admin-$1"
    eval "redial_$1=$pid"
    until_ok 30 ctl "$1" ready
    contain "$1" hello node -e "$(cat "$work/hello.js")"
    eval "hello_$1=$pid"
    until_ok 20 logged "hello-$1" listening
}

# settled: both redials have every instance that DNS names, and no other, in rotation
settled() {
    for number in 1 2; do
        ctl "$number" --json endpoints | awk -v want="$expected" '
            /"address":/ { all++ }
            /"state": "(up|fresh)"/ { well++ }
            END { exit !(all == want && well == want) }' || { sleep 0.25 && return 1; }
    done
}

# --- clients ----------------------------------------------------------------------------------------

urls="http://10.99.1.1:$hello_port/ http://10.99.1.2:$hello_port/"

# begin_load, end_load WHAT: the clients that came between the two, none of which may have failed
begin_load() {
    # shellcheck disable=SC2086 # two words
    start load ip netns exec "$vpc" node "$here/load.js" steady 8 $urls
    load=$pid
    until_ok 10 logged load Hello
}
end_load() {
    stop "$load" || fail "the load ended badly"
    failed=$(grep -c FAILED "$work/load.log") || :
    sort -n "$work/load.log" | awk -v what="$1" -v failed="$failed" '
        { ms[NR] = $1 }
        END { printf "%s: %d requests, %d failed; p50 %.0f, p99 %.0f, worst %.0f ms\n", what, NR, failed,
              ms[int((NR + 1) / 2)], ms[int(NR * 0.99)], ms[NR] }' >"$work/figures"
    [ "$failed" -eq 0 ] || fail "$(cat "$work/figures"): $(grep FAILED "$work/load.log" | cut -d ' ' -f 2- | sort | uniq -c)"
    ok "$(cat "$work/figures")"
}

# spread COUNT: so many names answer, none of them a twentieth more often than another. Each hello has
# a rotation of its own, and asks each name 40 times.
spread() {
    # shellcheck disable=SC2086 # two words
    ip netns exec "$vpc" node "$here/load.js" count $(($1 * 80)) $urls >"$work/answers"
    grep -vE '^[0-9.]+ Hello \(from ip-[0-9-]+\.ec2\.internal\) [A-Z][a-z]+ \(from ip-[0-9-]+\.ec2\.internal\)$' "$work/answers" &&
        fail "that is not what hello is to say"
    sed 's/.* (from \(.*\))$/\1/' "$work/answers" | sort | uniq -c | awk -v want="$1" '
        NR == 1 { least = most = $1 }
        { all += $1; if ($1 < least) least = $1; if ($1 > most) most = $1 }
        END { printf "%d requests, %d names, %d to %d each\n", all, NR, least, most
              exit !(NR == want && most <= least * 1.05) }' >"$work/figures" ||
        fail "expected even shares of $1 names: $(cat "$work/figures")"
    ok "$(cat "$work/figures")"
}

# --- the rehearsal ----------------------------------------------------------------------------------

make_vpc
instances 11 12
start_cloud_map
start_names 11 12
start_hello 1
start_hello 2
until_ok $patience settled
spread 2
sed 's/^[0-9.]* /    /' "$work/answers" | head -n 4

begin_load
# shellcheck disable=SC2046 # ten words
start_names $(seq 13 22)
# shellcheck disable=SC2046 # twelve words
instances $(seq 11 22)
until_ok $patience settled
end_load "from 2 to 12"
spread 12

begin_load
stopping=$(date +%s)
# shellcheck disable=SC2046 # nine words
stop_names $(seq 11 19)
record_is_old() { [ $(($(date +%s) - stopping)) -ge $stays ]; }
until_ok $((stays + 5)) record_is_old
instances 20 21 22
until_ok $patience settled
end_load "from 12 to 3"
spread 3

for number in 1 2; do
    eval "kill \"\$hello_$number\""
    eval "stop \"\$redial_$number\"" || fail "the redial of hello $number ended badly"
done
ok "redial ended well"
