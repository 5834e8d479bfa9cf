# shellcheck shell=sh
# Read, after tests/real/lib.sh, by what boots a real systemd: a scratch root of this host's Debian
# release in a container of systemd-nspawn. Nothing of it is left.
#
#   prepare             makes the root, once, and installs what was built
#   need_container      skips the test where there can be none
#   prepare_root        makes the root alone, with the packages that $more_packages names as well
#   boot                starts it, with changes that last until halt; "systemctl" answers then
#   inside 'COMMANDS'   runs them in there by sh -eu; their output and exit status
#   unit FILE           standard input becomes /etc/systemd/system/FILE
#   journal UNIT [WORD...]   its lines since the boot; with words: whether a line holds them all
#   halt
# REDIAL_SYSTEMD_ROOT=DIR keeps the root there, for the next time; REDIAL_SYSTEMD_RELEASE=trixie makes
# one of another release.
# shellcheck disable=SC2154 # redial, pid, work: of tests/real/lib.sh

prepare() {
    need_container
    prepare_root
    install_built
}

need_container() {
    need systemd-nspawn systemd-container
    need mmdebstrap
    need nsenter util-linux
    [ "$(id -u)" -eq 0 ] || skip "a container of systemd-nspawn needs root"
    # shellcheck disable=SC1091 # of this host
    release=$(. /etc/os-release && echo "${ID-}:${VERSION_CODENAME-}")
    case $release in
    debian:?*) release=${release#*:} ;;
    *) skip "the root is made of Debian's packages, and this host is another system" ;;
    esac
    ! is_sanitized "$redial" || skip "not applicable: a build with sanitizers"
    release=${REDIAL_SYSTEMD_RELEASE-$release}
}

prepare_root() {
    root=${REDIAL_SYSTEMD_ROOT-$work/root}
    [ -d "$root" ] || make_root
    began=
}

make_root() {
    mmdebstrap --quiet --variant=essential --include="systemd systemd-sysv dbus ${more_packages-}" \
        --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$release" "$root" >"$work/root.log" 2>&1 || skip "the root could not be made: $(tail -n 1 "$work/root.log")"
    # nothing but what a unit needs to start
    for name in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
        getty@tty1.service console-getty.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$name"
    done
}

# As a package would: under /usr, with its libraries, which are those of this host.
install_built() {
    for program in "$redial" ./redialctl ./tests/systemd/puppet; do
        [ -x "$program" ] || continue
        cp "$program" "$root/usr/sbin/"
        for library in $(ldd "$program" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p'); do
            [ -e "$root$library" ] || cp -L "$library" "$root$library"
        done
    done
    [ ! -x "$root/usr/sbin/redialctl" ] || mv "$root/usr/sbin/redialctl" "$root/usr/bin/"
    sed 's|^\(Exec.*=\)/[^ ]*/|\1/usr/sbin/|; s|/usr/sbin/redialctl|/usr/bin/redialctl|' packaging/systemd/redial.service \
        >"$root/lib/systemd/system/redial.service"
    cp "${srcdir:-.}/packaging/systemd/redial.socket" "$root/lib/systemd/system/"
    mkdir -p "$root/usr/lib/sysusers.d"
    cp "${srcdir:-.}/packaging/sysusers.d/redial.conf" "$root/usr/lib/sysusers.d/"
    systemd-sysusers --root="$root" redial.conf >"$work/sysusers.log" 2>&1
}

booted() {
    # its one child becomes systemd
    read -r init _ <"/proc/$nspawn/task/$nspawn/children" || [ -n "$init" ] || return 1
    [ "$(cat "/proc/$init/comm")" = systemd ] || return 1
    case $(nsenter -t "$init" -a systemctl is-system-running) in
    running | degraded) ;;
    *) return 1 ;;
    esac
}

boot() {
    began=$(date +%s%3N)
    # the journal's old lines, and all else that a unit writes, end with it
    start nspawn systemd-nspawn --quiet --directory="$root" --volatile=overlay --machine="redial$$" \
        --register=no --keep-unit --private-network --console=pipe --boot
    nspawn=$pid
    until_ok 60 booted
    echo "    systemd $(inside 'systemctl --version' | awk 'NR == 1 { print $2 }') has booted in $(($(date +%s%3N) - began)) ms"
}

inside() {
    nsenter -t "$init" -a sh -euc "$1"
}

unit() {
    inside "mkdir -p /etc/systemd/system/$(dirname "$1") && cat >/etc/systemd/system/$1 && systemctl daemon-reload"
}

journal() {
    journal_unit=$1
    shift
    inside "journalctl --sync && journalctl --unit=$journal_unit --output=cat --no-pager" >"$work/journal-$journal_unit.log"
    if [ $# -eq 0 ]; then
        cat "$work/journal-$journal_unit.log"
    else
        logged "journal-$journal_unit" "$@"
    fi
}

# show UNIT PROPERTY: its value
show() {
    inside "systemctl show --property=$2 --value $1"
}

# ask PORT: a connection, and the line that comes of it
ask_inside() {
    inside "timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/$1 && head -n 1 <&3'"
}

halt() {
    [ -n "$began" ] || return 0
    began=
    inside 'systemctl --no-block poweroff' || kill "$nspawn"
    wait "$nspawn" || :
}
