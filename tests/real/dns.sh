# shellcheck shell=sh
# Read, after lib.sh: PowerDNS in the part of Route 53, behind one dnsdist for each who asks, which
# lies as its file says and counts.
# shellcheck disable=SC2154 # work and port are lib.sh's

need_pdns() {
    need pdns_server pdns-server
    [ -e "$(find /usr/lib -name libbindbackend.so -print -quit)" ] ||
        skip "PowerDNS has no bind backend (package pdns-backend-bind); ./bootstrap check --all installs it"
}

need_dns() {
    need_pdns
    need dnsdist
    need perl
}

# zone_of FILE ADDRESS...: what a name of start_zone chooses from at each question
zone_of() {
    file=$work/$1
    shift
    printf '%s\n' "$@" >"$file.new"
    mv "$file.new" "$file"
}

# pdns_conf ADDRESS PORT DOMAIN: PowerDNS's settings, for the zone in the file pdns/zone
pdns_conf() {
    mkdir -p "$work/pdns"
    cat >"$work/pdns/pdns.conf" <<CONF
launch=bind
bind-config=$work/pdns/named.conf
local-address=$1
local-port=$2
socket-dir=$work/pdns
enable-lua-records=yes
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
setuid=
setgid=
security-poll-suffix=
CONF
    echo "zone \"$3\" { type master; file \"$work/pdns/zone\"; };" >"$work/pdns/named.conf"
}

# sample_record NAME TTL FILE: at most 8 of the addresses in the file, at random
sample_record() {
    echo "$1 $2 IN LUA A \";local t={} for l in io.lines('$work/$3') do t[#t+1]=l end return pickrandomsample(math.min(8,#t),t)\""
}

# start_zone NAME:TTL...: each NAME.svc.test has at most 8 addresses of the file NAME, at random
start_zone() {
    free_port
    zone_port=$port
    pdns_conf 127.0.0.1 "$zone_port" svc.test
    cat >"$work/pdns/zone" <<'ZONE'
$ORIGIN svc.test.
@ 3600 IN SOA ns.svc.test. host.svc.test. 1 3600 600 86400 5
@ 3600 IN NS ns.svc.test.
ns 3600 IN A 127.0.0.1
ZONE
    for entry; do sample_record "${entry%:*}" "${entry#*:}" "${entry%:*}"; done >>"$work/pdns/zone"
    start pdns pdns_server --config-dir="$work/pdns" --guardian=no --daemon=no
    until_ok 10 logged pdns "Creating backend connection"
}

# Answers with bytes that are no DNS message, under the question's own id, and with noise.
start_garbage() {
    free_port
    garbage_port=$port
    start garbage perl -MSocket -e '
        socket(my $s, PF_INET, SOCK_DGRAM, 0) or die; bind($s, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die;
        $| = 1; print "ready\n";
        while (my $from = recv($s, my $q, 4096, 0)) {
            my $noise = join("", map { chr int rand 256 } 1 .. 20 + rand 200);
            send($s, $_, 0, $from) for (substr($q, 0, 2) . $noise, substr($q, 0, 2) . "\x81\x80\0\1\0\x09\0\0\0\0" . substr($q, 12), $noise);
        }' "$garbage_port"
    until_ok 5 logged garbage ready
}

# start_front NAME: a dnsdist, in $front_port; it lies as the file lie says, and counts the questions
# for A in the file NAME.count
start_front() {
    free_port
    front_port=$port
    cat >"$work/$1.conf" <<CONF
setLocal("127.0.0.1:$front_port")
setACL({"127.0.0.0/8"})
newServer({address="127.0.0.1:$zone_port", healthCheckMode="up"})
newServer({address="127.0.0.1:$garbage_port", pool="garbage", healthCheckMode="up"})
setSecurityPollSuffix("") -- which would ask the network
local asked = 0
local spared = true -- of two questions a flaky server drops one
local lies = { servfail = DNSAction.ServFail, refused = DNSAction.Refused, nxdomain = DNSAction.Nxdomain,
    drop = DNSAction.Drop, truncate = DNSAction.Truncate }
addAction(AllRule(), LuaAction(function(dq)
    if dq.qtype == DNSQType.A then
        asked = asked + 1
        local count = io.open("$work/$1.count", "w")
        count:write(asked, "\n")
        count:close()
    end
    local file = io.open("$work/lie")
    local lie = file and file:read("l") or "none"
    if file then file:close() end
    if lie == "truncate" and dq.tcp then return DNSAction.Drop, "" end
    if lie == "garbage" then return DNSAction.Pool, "garbage" end
    if lie == "slow" then return DNSAction.Delay, "800" end
    if lie == "flaky" then
        spared = not spared
        if not spared then return DNSAction.Drop, "" end
    end
    return lies[lie] or DNSAction.None, ""
end))
CONF
    start "$1" dnsdist --supervised --disable-syslog -C "$work/$1.conf"
    until_ok 5 logged "$1" "Listening on"
}

# lie WORD: from now on; none: the truth
lie() {
    echo "$1" >"$work/lie.new"
    mv "$work/lie.new" "$work/lie"
}

# asked NAME: the questions for A so far
asked() {
    cat "$work/$1.count" 2>/dev/null || echo 0
}
