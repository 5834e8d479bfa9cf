#!/bin/sh
# The Debian package is made, lintian has nothing to say, and on a host with a real systemd it is
# installed, upgraded under load and purged.
here=${srcdir:-.}/tests/packaging
. "${srcdir:-.}/tests/real/lib.sh"
# shellcheck source=tests/systemd/lib.sh
. "${srcdir:-.}/tests/systemd/lib.sh"
# shellcheck source=tests/packaging/lib.sh
. "$here/lib.sh"
steady=$PWD/${STEADY:-tests/real/steady}

need dpkg-buildpackage dpkg-dev
need dh debhelper
need lintian
need_container

# --- the packages ---------------------------------------------------------------------------------

make_packages deb DEB_BUILD_OPTIONS="nocheck noautodbgsym"
silent "$here/lint-deb" "$packages"/*.changes
ok "lintian has nothing to say"

# revise REVISION: the same once more, as a later revision of the package
revise() {
    dpkg-deb --raw-extract "$packages"/redial_*-1_*.deb "$work/revision"
    sed -i "/^Version:/s/-1\$/-$1/" "$work/revision/DEBIAN/control"
    dpkg-deb --root-owner-group --build "$work/revision" "$packages" >"$work/revise.log"
    rm -r "$work/revision"
}
revise 2
revise 3

# --- a host ---------------------------------------------------------------------------------------

# What it depends on, the first alternative of each: the container has no network.
# shellcheck disable=SC2034 # lib.sh reads it
more_packages="apt $(dpkg-deb -f "$packages"/redial_*-1_*.deb Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/[, ][, ]*/ /g')"
prepare_root
mkdir -p "$root/packages"
cp "$packages"/redial_*.deb "$root/packages"
boot

# files: all that lasts; what apt and dpkg themselves, and the journal, keep is not of interest
files() {
    inside 'find / /run -xdev \( -path /var/log -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg \
        -o -path /run/log -o -path /run/systemd -o -path /tmp -o -path /var/tmp \) -prune -o -print | sort
        getent passwd && getent group'
}
apt_get() {
    inside "DEBIAN_FRONTEND=noninteractive apt-get -y $1" >"$work/apt.log" 2>&1 || fail "apt-get $1"
}
# install_revision REVISION
install_revision() {
    apt_get "install /packages/redial_*-$1_*.deb"
    [ "$(inside "dpkg-query -W -f='\${db:Status-Status} \${Version}' redial")" = "installed $(installed_version "$1")" ] ||
        fail "revision $1 is not installed"
}
installed_version() {
    dpkg-deb -f "$packages"/redial_*-"$1"_*.deb Version
}
main() {
    show redial MainPID
}
# The file that the main process runs is that of the package.
is_current() {
    [ "$(inside "readlink /proc/$(main)/exe")" = /usr/sbin/redial ]
}
# on_host NAME COMMAND...: in the container's network, with this host's files
on_host() {
    name=$1
    shift
    start "$name" nsenter --target "$init" --net "$@"
}

inside 'printf "%s\n" "127.0.0.2 name.internal" "127.0.0.3 name.internal" >>/etc/hosts'
files >"$work/before"
install_revision 1
[ "$(inside 'systemctl is-enabled redial redial.socket || :' | tr '\n' ' ')" = "enabled disabled " ] ||
    fail "enabled or not: $(inside 'systemctl is-enabled redial redial.socket || :')"
[ "$(show redial ActiveState)" = active ] || fail "redial is not active: $(journal redial)"
until_ok 10 journal redial "ready upstreams=0"
is_current || fail "the unit runs $(inside "readlink /proc/$(main)/exe")"
# shellcheck disable=SC2016 # for dpkg-query
[ "$(inside 'dpkg-query -W -f="\${Conffiles}" redial | grep -o "/[^ ]*" | sort | tr "\n" " "')" = \
    "/etc/redial/redial.conf /etc/redial/upstreams.d/example.conf.sample " ] || fail "other files are the administrator's"
inside 'redial --check --allow-empty && redialctl --version' >"$work/programs" || fail "the programs do not run"
ok "installed, enabled and started, with nothing to serve yet"

# --- the first upstream ---------------------------------------------------------------------------

on_host backends "$steady" serve 127.0.0.2:4000 127.0.0.3:4000
until_ok 10 logged backends ready
inside 'sed -e "s/^target = .*/target = name.internal:4000/" /etc/redial/upstreams.d/example.conf.sample \
        >/etc/redial/upstreams.d/name.conf
    systemctl reload redial'
until_ok 10 inside 'redialctl ready'
on_host load "$steady" load -r 200 -n 200 127.0.0.1:3001
wait "$pid" || fail "the load failed"
# shares: who answered how many, or how the others ended
shares() {
    awk '{ n[$3 == "ok" ? $4 : $3]++ } END { for (i in n) print i, n[i] }' "$work/load.log" | sort | tr '\n' ' '
}
[ "$(shares)" = "127.0.0.2 100 127.0.0.3 100 " ] || fail "not balanced: $(shares)"
ok "systemctl reload: the first upstream is balanced over two backends"

# --- upgrades under load --------------------------------------------------------------------------

# A client that stays, and clients that come, until the file named stop is there.
begin_load() {
    rm -f "$work/stop"
    # shellcheck disable=SC2016 # for the inner shell
    on_host held bash -c 'exec 3<>/dev/tcp/127.0.0.1/3001
        echo who >&3 && read -r first <&3 && echo "first $first"
        until [ -e "$1" ]; do sleep 0.1; done
        echo who >&3 && read -r again <&3 && [ "$again" = "$first" ]' bash "$work/stop"
    held_pid=$pid
    until_ok 10 logged held first
    # shellcheck disable=SC2016
    on_host load sh -c 'until [ -e "$1" ]; do "$2" load -r 200 -n 200 127.0.0.1:3001 || exit 1; done' \
        sh "$work/stop" "$steady"
    load_pid=$pid
    until_ok 10 logged load ok
}
end_load() {
    touch "$work/stop"
    wait "$load_pid" || fail "the load failed"
    wait "$held_pid" || fail "a connection that was open did not live on"
    ! grep -v ' ok ' "$work/load.log" || fail "connections have failed: $(shares)"
    echo "    $(wc -l <"$work/load.log") connections, none failed"
}

old=$(main)
begin_load
install_revision 2
[ "$(main)" != "$old" ] || fail "the version before runs on: $(cat "$work/apt.log")"
is_current || fail "the version before runs on"
inside "kill -0 $old" || fail "the version before does not serve the connection that it has"
end_load
until_ok 20 inside "! kill -0 $old 2>/dev/null"
[ "$(show redial ActiveState)" = active ] || fail "after an upgrade: $(show redial ActiveState)"
ok "an upgrade: the new version serves, the old one ends with its last connection"

old=$(main)
inside 'echo "keepalive = maybe" >>/etc/redial/upstreams.d/name.conf'
begin_load
install_revision 3
end_load
[ "$(main)" = "$old" ] || fail "the process has changed"
[ "$(show redial ActiveState)" = active ] || fail "a broken configuration took it down"
logged apt "redial: the upgrade failed" "process $old" || fail "nobody was told: $(cat "$work/apt.log")"
logged apt "/etc/redial/upstreams.d/name.conf:" keepalive maybe || fail "the reason was not told: $(cat "$work/apt.log")"
inside 'sed -i "/^keepalive = maybe/d" /etc/redial/upstreams.d/name.conf && redialctl upgrade' >"$work/upgrade.log"
until_ok 20 is_current
ok "a broken configuration: the upgrade is told to have failed, the old version serves on until that is mended"

# --- the end --------------------------------------------------------------------------------------

inside 'systemctl --quiet enable redial.socket'
apt_get "purge redial"
files >"$work/after"
silent diff "$work/before" "$work/after"
! inside 'systemctl list-units --all --no-legend "redial*" | grep redial' || fail "systemd still knows the unit"
ok "purge leaves nothing"
halt
