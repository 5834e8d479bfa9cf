#!/bin/sh
# /etc/resolv.conf of a network namespace: it is followed when it changes, its search list is used
# where that is wanted, and without an IPv6 address nobody asks for AAAA.
. "${srcdir:-.}/tests/real/lib.sh"
need dnsmasq dnsmasq-base
need ip iproute2
[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
space=redial-conf-$$
at_end() {
    ip netns del "$space" 2>/dev/null || :
    rm -rf "/etc/netns/$space"
    rmdir /etc/netns 2>/dev/null || :
}
ip netns add "$space" 2>/dev/null || skip "network namespaces are not allowed here"
ip -n "$space" link set lo up
mkdir -p "/etc/netns/$space"
touch "/etc/netns/$space/resolv.conf"
within() { ip netns exec "$space" "$@"; }
within test -w /etc/resolv.conf || skip "a namespace has no resolv.conf of its own here"

# conf LINE...: what resolv.conf says from now on; in place, since the file is bound into the namespace
conf() { printf '%s\n' "$@" >"/etc/netns/$space/resolv.conf"; }

# serve NUMBER: a DNS server at 127.0.0.NUMBER for which name.svc.test is 127.0.1.NUMBER
serve() {
    start "dns$1" ip netns exec "$space" dnsmasq --keep-in-foreground --conf-file=/dev/null --log-facility=- --log-queries \
        --user=root --pid-file= --listen-address="127.0.0.$1" --bind-interfaces --no-resolv --no-hosts \
        --local=/test/ --local-ttl=1 --host-record="name.svc.test,127.0.1.$1"
    until_ok 5 logged "dns$1" started
}
serve 2
serve 3

conf "nameserver 127.0.0.2" "search other.test svc.test"
# shellcheck disable=SC2086 # a command of several words
start redial ip netns exec "$space" ${REDIAL_WRAP-} "$redial" 127.0.0.1:3001=name.svc.test:80 127.0.0.1:3002=name:80
redial_pid=$pid
until_ok 20 logged redial " ready "
until_ok 10 logged redial "endpoints changed" "upstream=127.0.0.1:3001 " "added=127.0.1.2:80"
ok "the server of resolv.conf is asked"
until_ok 10 logged redial "dns failed" "name=name " "outcome=refused"
ok "a name is not completed unless that is wanted"
! logged dns2 "query[AAAA]" || fail "AAAA was asked for without an IPv6 address"
ok "no question for AAAA on a host without IPv6"

conf "nameserver 127.0.0.3" "search other.test svc.test"
until_ok 20 logged redial "resolv.conf has changed and was read again"
until_ok 20 logged redial "endpoints changed" "upstream=127.0.0.1:3001 " "removed=127.0.1.2:80"
until_ok 10 logged dns3 "query[A] name.svc.test"
ok "another server is asked as soon as resolv.conf names it"

conf "search svc.test"
until_ok 20 logged redial "resolv.conf has changed and cannot be used" "it names no server"
ok "a resolv.conf without a server changes nothing"

ip -n "$space" link add rdc0 type veth peer name rdc1 2>/dev/null || skip "veth interfaces are not allowed here"
ip -n "$space" addr add fd00:99::1/64 dev rdc0 nodad
ip -n "$space" link set rdc0 up
until_ok 20 logged dns3 "query[AAAA] name.svc.test"
ok "AAAA is asked for once there is an IPv6 address"
stop_redial

conf "nameserver 127.0.0.2" "search other.test svc.test"
# shellcheck disable=SC2086 # a command of several words
start search ip netns exec "$space" ${REDIAL_WRAP-} "$redial" --log-level debug -o dns.search=on 127.0.0.1:3002=name:80
redial_pid=$pid
until_ok 20 logged search "endpoints changed" "added=127.0.1.2:80"
logged search "dns answer" "name=name.svc.test " "outcome=records" || fail "the log does not say which name was found"
logged dns2 "query[A] name.other.test" || fail "the search list was not gone through in its order"
ok "the search list completes a name where that is wanted"
stop_redial
ok "redial ended well"
