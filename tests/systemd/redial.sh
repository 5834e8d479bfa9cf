# shellcheck shell=sh
# shellcheck disable=SC2154 # of lib.sh
# redial's own unit: it starts, confined as it is, and serves.

# What it is to connect to.
unit backend.service <<'UNIT'
[Service]
Type=notify
ExecStart=/usr/sbin/puppet 127.0.0.1:4000
UNIT
inside 'systemctl start backend
    mkdir -p /etc/redial/upstreams.d
    printf "[upstream]\nlisten = 127.0.0.1:3001\ntarget = 127.0.0.1:4000\n" >/etc/redial/upstreams.d/name.conf'

# Until redial itself says that it is ready, what systemd is told is tested by puppet.sh alone.
unit redial.service.d/type.conf <<'UNIT'
[Service]
Type=exec
WatchdogSec=0
UNIT
inside 'systemctl start redial'
until_ok 10 journal redial "ready upstreams=1"
[ "$(show redial ActiveState)" = active ] || fail "redial is not active"
backend=$(show backend MainPID)
[ "$(ask_inside 3001)" = "$backend" ] || fail "redial does not carry the bytes"
ok "redial.service is active and serves"

# Who it is, and what it may.
main=$(show redial MainPID)
inside "cat /proc/$main/status" >"$work/status.log"
grep -q '^NoNewPrivs:.1$' "$work/status.log" || fail "it could get privileges"
grep -q '^Seccomp:.2$' "$work/status.log" || fail "its system calls are not filtered"
grep -Eq '^CapBnd:.0+$' "$work/status.log" || fail "it could get capabilities"
user=$(awk '/^Uid:/ { print $2 }' "$work/status.log")
[ "$user" = "$(inside 'id -u redial')" ] || fail "its user is $user"
[ "$user" -gt 0 ] || fail "it is root"
[ "$(inside 'stat -c "%a %U %G" /run/redial')" = "750 redial redial" ] || fail "/run/redial: $(inside 'ls -ld /run/redial')"
[ "$(inside "awk '/Max open files/ { print \$4, \$5 }' /proc/$main/limits" | awk '$1 == $2')" != "" ] ||
    fail "the soft limit of open files is not the hard one"
ok "it runs as its own user without capabilities, with filtered system calls"

inside 'systemctl stop redial'
[ "$(show redial Result)" = success ] || fail "it did not stop well: $(show redial Result)"
[ "$(show redial ExecMainStatus)" = 0 ] || fail "exit status $(show redial ExecMainStatus)"
journal redial "stopped connections_cut=0" || fail "it did not say that it stopped"
ok "it stops well"
