#!/bin/sh
# The files and interfaces that a container has of its own: resolv.conf that changes while redial
# runs, its search list, and AAAA, which is asked only where there is IPv6. In a network namespace
# of this test's own, with two dnsmasq on port 53, since resolv.conf names no ports.
. "${srcdir:-.}/tests/real/lib.sh"
need ip iproute2
need dnsmasq dnsmasq-base
[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
[ -e /etc/resolv.conf ] || skip "there is no /etc/resolv.conf to put another one over"

space=redial-conf-$$
at_end() {
    ip netns del "$space" 2>/dev/null || :
}
ip netns add "$space" 2>/dev/null || skip "network namespaces are not allowed here"
ip -n "$space" link set lo up
conf=$work/resolv.conf
echo "nameserver 127.0.0.1" >"$conf"

# inside NAME COMMAND...: as start does, over there, with this test's resolv.conf. ip-netns(8) gives
# it a mount namespace.
inside() {
    name=$1
    shift
    # shellcheck disable=SC2016 # for the inner shell
    start "$name" ip netns exec "$space" sh -c 'mount --bind "$0" /etc/resolv.conf || exit 77; exec "$@"' "$conf" "$@"
}

inside mount true
wait "$pid" || skip "mounts are not allowed here"

# dns NAME IP HOST...: a DNS server on port 53 of the address; HOST is "10.1.0.1 name.svc.test"
dns() {
    name=$1 ip=$2
    shift 2
    for host; do echo "$host"; done >"$work/$name.hosts"
    inside "$name" dnsmasq --keep-in-foreground --conf-file=/dev/null --log-facility=- --log-queries \
        --user="$(id -un)" --pid-file= --port=53 --listen-address="$ip" --bind-interfaces \
        --no-resolv --no-hosts --addn-hosts="$work/$name.hosts" --local=// --local=/test/ --local-ttl=0
    until_ok 5 logged "$name" "read $work/$name.hosts"
}

# redial_inside NAME ARGUMENT...
redial_inside() {
    name=$1
    shift
    # shellcheck disable=SC2086 # a command of several words
    inside "$name" ${REDIAL_WRAP-} "$redial" -o dns.min-ttl=200ms "$@"
    redial_pid=$pid
    until_ok 20 logged "$name" " ready "
}

# asked DNS TYPE NAME: how often
asked() {
    grep -cF "query[$2] $3 from" "$work/$1.log" || :
}

asked_more() {
    [ "$(asked "$1" "$2" "$3")" -ge "$4" ]
}

dns one 127.0.0.1 "10.1.0.1 name.svc.test"
dns two 127.0.0.2 "10.1.0.2 name.svc.test" "10.1.0.3 name.other.test"
redial_inside redial 127.0.0.1:3001=name.svc.test:80
until_ok 10 logged redial "endpoints changed" "count=1" "added=10.1.0.1:80"
until_ok 10 asked_more one A name.svc.test 3
[ "$(asked one AAAA name.svc.test)" -eq 0 ] || fail "AAAA was asked, and there is no IPv6 here"
ok "no IPv6: A was asked $(asked one A name.svc.test) times, AAAA never"

[ "$(asked two A name.svc.test)" -eq 0 ] || fail "a server was asked that resolv.conf did not name"
echo "nameserver 127.0.0.2" >"$conf" # in place, as a bind mount must be written
until_ok 10 logged redial "resolv.conf has changed and was read again"
until_ok 10 logged redial "endpoints changed" "added=10.1.0.2:80"
before=$(asked one A name.svc.test)
until_ok 10 asked_more two A name.svc.test 3
[ "$(asked one A name.svc.test)" -eq "$before" ] || fail "the old server is asked still"
ok "resolv.conf changed: the new server is asked, the old one no more"

: >"$conf"
until_ok 10 logged redial "cannot be used" "it names no server"
until_ok 10 asked_more two A name.svc.test $(($(asked two A name.svc.test) + 2))
ok "resolv.conf names no server: the last one is asked on"

printf 'nameserver 127.0.0.2\nsearch none.test svc.test\n' >"$conf"
redial_inside search -o dns.search=on 127.0.0.1:3002=name:80
until_ok 10 logged search "endpoints changed" "added=10.1.0.2:80"
asked_more two A name.none.test 1 || fail "the search list was not asked in its order"
printf 'nameserver 127.0.0.2\nsearch other.test\n' >"$conf"
until_ok 10 logged search "endpoints changed" "added=10.1.0.3:80"
stop_redial
ok "search = on: the list is asked in its order, and followed when it changes"

redial_inside plain 127.0.0.1:3003=name:80
until_ok 10 logged plain "dns failed" "name=name "
before=$(asked two A name.other.test)
until_ok 10 asked_more two A name 3
[ "$(asked two A name.other.test)" -eq "$before" ] || fail "the search list was asked though search is off"
stop_redial
ok "search is off: names are asked as they are"

ip -n "$space" link add rdv0 type veth peer name rdv1 2>/dev/null || skip "veth interfaces are not allowed here"
ip -n "$space" link set rdv0 up
ip -n "$space" link set rdv1 up
[ "$(asked two AAAA name.svc.test)" -eq 0 ] || fail "link-local addresses are no IPv6"
ip -n "$space" addr add fd99::1/64 dev rdv0 nodad 2>/dev/null || skip "this kernel has no IPv6"
until_ok 20 asked_more two AAAA name.svc.test 1
ok "an IPv6 address appeared: AAAA is asked"
