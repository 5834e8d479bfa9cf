# shellcheck shell=sh
# Read, after lib.sh, by the tests with real lost packets: two network namespaces of this test's own
# with a cable between them, $near (10.99.0.1) for redial and its clients, $far for the backends.
# Both are deleted at the end.
need ip iproute2
need nft nftables
[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"

near=redial-near-$$
far=redial-far-$$
at_end() {
    ip netns del "$near" 2>/dev/null || :
    ip netns del "$far" 2>/dev/null || :
}
ip netns add "$near" 2>/dev/null || skip "network namespaces are not allowed here"
ip netns add "$far"
ip link add "rdn$$" netns "$near" type veth peer name "rdf$$" netns "$far" 2>/dev/null ||
    skip "veth interfaces are not allowed here"
ip -n "$near" addr add 10.99.0.1/24 dev "rdn$$"
ip -n "$near" link set lo up
ip -n "$near" link set "rdn$$" up
ip -n "$far" link set lo up
ip -n "$far" link set "rdf$$" up

# far_address NUMBER...: 10.99.0.NUMBER lives there
far_address() {
    for number; do ip -n "$far" addr add "10.99.0.$number/24" dev "rdf$$"; done
}

# The faults, each for the addresses of a set of its name, of which there are none at first.
ip netns exec "$far" nft -f - 2>/dev/null <<'NFT' || skip "nftables cannot be used here"
table inet faults {
    set dead { type ipv4_addr; }
    set refusing { type ipv4_addr; }
    set unreachable { type ipv4_addr; }
    set lossy { type ipv4_addr; }
    chain input {
        type filter hook input priority 0;
        tcp flags & (syn|ack) != syn accept
        ip daddr @dead drop
        ip daddr @refusing reject with tcp reset
        ip daddr @unreachable reject with icmpx type host-unreachable
        ip daddr @lossy numgen random mod 100 < 30 drop
    }
}
NFT

# fault add|delete SET NUMBER...: from now on, or no longer
fault() {
    action=$1 set=$2
    shift 2
    for number; do ip netns exec "$far" nft "$action" element inet faults "$set" "{ 10.99.0.$number }"; done
}

# near NAME COMMAND..., far NAME COMMAND...: as start does, over there
near() {
    name=$1
    shift
    start "$name" ip netns exec "$near" "$@"
}
far() {
    name=$1
    shift
    start "$name" ip netns exec "$far" "$@"
}
