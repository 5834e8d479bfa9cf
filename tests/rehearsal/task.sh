# shellcheck shell=sh
# Read, after lib.sh, by the rehearsal: a VPC of this test's own, which is a network namespace with a
# bridge and, at 10.99.0.2 as in a VPC, DNS; and tasks, each of which is a namespace with an address
# and a host name of its own. All of them are deleted at the end.
need ip iproute2
need ss iproute2
need nft nftables
need unshare util-linux
[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"

vpc=redial-vpc-$$
spaces=$vpc

at_end() {
    for space in $spaces; do
        ip netns del "$space" 2>/dev/null || :
        rm -rf "/etc/netns/$space"
    done
    rmdir /etc/netns 2>/dev/null || :
}

# make_vpc: what may not be made here is a reason to skip
make_vpc() {
    ip netns add "$vpc" 2>/dev/null || skip "network namespaces are not allowed here"
    # an address of its own: that of the least of its ports would change with them, under its peers
    ip -n "$vpc" link add tasks address 02:00:00:00:00:02 type bridge 2>/dev/null || skip "bridges are not allowed here"
    ip -n "$vpc" addr add 10.99.0.2/16 dev tasks
    ip -n "$vpc" link set lo up
    ip -n "$vpc" link set tasks up
}

# task_host NUMBER: the host name of that task, which has the address 10.99.1.NUMBER
task_host() {
    echo "ip-10-99-1-$1.ec2.internal"
}

task_space() {
    echo "redial-task-$1-$$"
}

# make_task NUMBER: its namespace; resolv.conf there names the VPC's DNS
make_task() {
    space=$(task_space "$1")
    spaces="$spaces $space"
    ip netns add "$space"
    ip link add eth1 netns "$space" type veth peer name "task$1" netns "$vpc" 2>/dev/null ||
        skip "veth interfaces are not allowed here"
    ip -n "$vpc" link set "task$1" master tasks up
    ip -n "$space" addr add "10.99.1.$1/16" dev eth1
    ip -n "$space" link set lo up
    ip -n "$space" link set eth1 up
    mkdir -p "/etc/netns/$space"
    echo "nameserver 10.99.0.2" >"/etc/netns/$space/resolv.conf"
}

# in_task NUMBER NAME COMMAND...: as start does, as a container of that task
in_task() {
    number=$1 name=$2
    shift 2
    # shellcheck disable=SC2016 # for the inner shell
    start "$name" ip netns exec "$(task_space "$number")" unshare --uts sh -c \
        'echo "$0" >/proc/sys/kernel/hostname || exit 1; exec "$@"' "$(task_host "$number")" "$@"
}

# silence NUMBER...: whoever connects there from now on gets no answer
silence() {
    for number; do
        ip netns exec "$(task_space "$number")" nft -f - <<'NFT' || skip "nftables cannot be used here"
table inet gone {
    chain input { type filter hook input priority 0; tcp flags & (syn|ack) == syn drop; }
    chain output { type filter hook output priority 0; }
}
NFT
    done
}

# idle NUMBER: that task has answered all that it had accepted
idle() {
    [ -z "$(ip netns exec "$(task_space "$1")" ss -Htn state connected exclude time-wait)" ]
}

# take_away NUMBER...: nothing goes in or out any more, as when the network interface is gone
take_away() {
    for number; do
        for chain in input output; do
            ip netns exec "$(task_space "$number")" nft add rule inet gone $chain drop
        done
    done
}
