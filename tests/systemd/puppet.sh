# shellcheck shell=sh
# What redial and systemd tell each other, by a small daemon in redial's unit, under all that it
# forbids.

# puppet_unit LISTEN
puppet_unit() {
    unit redial.service.d/puppet.conf <<UNIT
[Service]
ExecStart=
ExecStart=/usr/sbin/puppet $1
ExecReload=
ExecReload=/bin/sh -c 'kill -HUP \$MAINPID'
WatchdogSec=2s
UNIT
}
main() {
    show redial MainPID
}
status_is() {
    [ "$(show redial StatusText)" = "$1" ]
}
main_is_not() {
    [ "$(main)" != "$1" ] && [ "$(main)" != 0 ] && [ "$(show redial ActiveState)" = active ]
}

# --- ready, status, reload -----------------------------------------------------------------------

puppet_unit 127.0.0.1:3001
inside 'systemctl start redial' # which returns once it is ready
first=$(main)
status_is "process $first, own socket, 0 reloads" || fail "status: $(show redial StatusText)"
[ "$(ask_inside 3001)" = "$first" ] || fail "nobody serves"
ok "READY and STATUS"
inside 'systemctl reload redial'
until_ok 5 status_is "process $first, same socket, 1 reloads"
until_ok 5 inside 'systemctl is-active redial'
ok "RELOADING and READY"

# --- descriptors that systemd keeps ---------------------------------------------------------------

[ "$(show redial NFileDescriptorStore)" = 1 ] || fail "systemd keeps $(show redial NFileDescriptorStore) descriptors"
inside "kill -KILL $first"
second=$(ask_inside 3001) # it waits in the socket that lives on
until_ok 10 main_is_not "$first"
[ "$second" = "$(main)" ] || fail "$second served, and the main process is $(main)"
status_is "process $second, handed-over socket, 0 reloads" || fail "status: $(show redial StatusText)"
[ "$(show redial NRestarts)" = 1 ] || fail "it was started anew $(show redial NRestarts) times"
ok "after kill -9 the next process has the socket, and a client that came between them was served"

# --- watchdog -------------------------------------------------------------------------------------

inside "kill -USR1 $second"
until_ok 20 main_is_not "$second"
journal redial "Watchdog timeout" || fail "the watchdog did not find it hanging: $(journal redial)"
third=$(main)
[ "$(ask_inside 3001)" = "$third" ] || fail "nobody serves"
ok "WATCHDOG: one that hangs is replaced"

# --- a successor ----------------------------------------------------------------------------------

restarts=$(show redial NRestarts)
for round in 1 2 3; do
    before=$(main)
    inside "kill -USR2 $before"
    until_ok 10 main_is_not "$before"
    after=$(main)
    [ "$(ask_inside 3001)" = "$after" ] || fail "the successor does not serve"
    until_ok 5 status_is "process $after, handed-over socket, 0 reloads"
    ! inside "kill -0 $before" 2>/dev/null || fail "the predecessor of round $round is still there"
done
[ "$(show redial NRestarts)" = "$restarts" ] || fail "systemd took an upgrade for a failure"
! journal redial "reception only permitted" || fail "a message of the wrong process: $(journal redial)"
inside "kill -USR1 $after" # the watchdog minds the successor
until_ok 20 main_is_not "$after"
[ "$(show redial NRestarts)" -gt "$restarts" ] || fail "nobody watched the successor"
ok "MAINPID: three upgrades, under the filter; the watchdog goes on with the last one"
inside 'systemctl stop redial'
[ "$(show redial Result)" = success ] || fail "it did not stop well: $(show redial Result)"
ok "STOPPING"

# --- a socket unit --------------------------------------------------------------------------------

puppet_unit systemd:name
inside 'systemctl start redial.socket'
[ "$(show redial ActiveState)" = inactive ] || fail "redial runs before anybody came"
answer=$(ask_inside 3001)
until_ok 5 inside 'systemctl is-active redial'
[ "$answer" = "$(main)" ] || fail "$answer served, and the main process is $(main)"
journal redial "nothing asks for" "name=name" "address=[::1]:3001" || fail "nothing was said of the other socket: $(journal redial)"
ok "the first client starts it; a socket that nobody asks for is closed and told"
inside 'systemctl stop redial redial.socket'

inside 'systemctl start redial' 2>/dev/null && fail "it started without its socket"
until_ok 5 journal redial "no socket was handed over: start redial by the socket unit"
inside 'systemctl stop redial'
ok "without the socket unit it says so"
