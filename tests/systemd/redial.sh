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

inside 'systemctl start redial'
until_ok 10 journal redial "ready upstreams=1"
[ "$(show redial ActiveState)" = active ] || fail "redial is not active"
case $(show redial StatusText) in
"1 upstream, "*) ;;
*) fail "systemctl status says: $(show redial StatusText)" ;;
esac
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

# A reload, by its own client: what is wrong is said, and changes nothing.
inside 'echo "balance = best" >>/etc/redial/upstreams.d/name.conf'
! inside 'systemctl reload redial' >"$work/reload.log" 2>&1 || fail "a broken configuration was taken"
journal redial "name.conf:4" "balance" || fail "the journal does not say what is wrong"
inside 'sed -i 4d /etc/redial/upstreams.d/name.conf
    printf "[upstream]\nlisten = 127.0.0.1:3002\ntarget = 127.0.0.1:4000\n" >/etc/redial/upstreams.d/two.conf
    systemctl reload redial'
[ "$(ask_inside 3002)" = "$backend" ] || fail "the new upstream is not served"
ok "systemctl reload: a broken file changes nothing, a good one counts"

# An upgrade: another main process, under the same filter, which the watchdog minds.
inside 'runuser -u redial -- redialctl upgrade || redialctl upgrade'
handed_over() { [ "$(show redial MainPID)" != "$main" ]; }
until_ok 20 handed_over
[ "$(show redial ActiveState)" = active ] || fail "after an upgrade: $(show redial ActiveState)"
[ "$(ask_inside 3001)" = "$backend" ] || fail "after an upgrade nothing is served"
main=$(show redial MainPID)
ok "redialctl upgrade: systemd knows the new process"

# A crash: the sockets stay.
inside "kill -9 $main"
[ "$(ask_inside 3001)" = "$backend" ] || fail "after a crash nothing is served"
until_ok 20 handed_over
ok "kill -9: a client that came meanwhile was served by the next process"

inside 'systemctl stop redial'
[ "$(show redial Result)" = success ] || fail "it did not stop well: $(show redial Result)"
[ "$(show redial ExecMainStatus)" = 0 ] || fail "exit status $(show redial ExecMainStatus)"
journal redial "stopped connections_cut=0" || fail "it did not say that it stopped"
ok "it stops well"
