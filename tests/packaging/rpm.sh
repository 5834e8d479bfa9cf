#!/bin/sh
# The RPM package is made, rpmlint has nothing to say, and what is installed of it is what it says.
here=${srcdir:-.}/tests/packaging
. "${srcdir:-.}/tests/real/lib.sh"
# shellcheck source=tests/packaging/lib.sh
. "$here/lib.sh"

need rpmbuild "rpm-build (Fedora, Amazon Linux) or rpm (Debian, Ubuntu)"
need rpmlint
[ "$(id -u)" -eq 0 ] || skip "rpm --root needs root"
! is_sanitized "$redial" || skip "not applicable: a build with sanitizers"

make_packages rpm RPMBUILD_OPTIONS="--without check"
rpmlint --rpmlintrc "${srcdir:-.}/packaging/rpm/redial.rpmlintrc" \
    "${srcdir:-.}/packaging/rpm/redial.spec" "$packages"/redial-*.rpm >"$work/rpmlint.log" 2>&1 ||
    fail "rpmlint"
logged rpmlint "0 errors, 0 warnings" || fail "rpmlint"
ok "rpmlint has nothing to say"

# --- a scratch root -------------------------------------------------------------------------------

root=$work/root
package=$(find "$packages" -name 'redial-*.rpm' ! -name '*.src.rpm' ! -name '*-debug*')
scratch_rpm() {
    rpm --root "$root" "$@"
}
mkdir "$root"
scratch_rpm --initdb
scratch_rpm --install --nodeps --noscripts "$package" >"$work/install.log" 2>&1 || fail "it cannot be installed"
silent scratch_rpm --verify --nodeps redial
[ "$(scratch_rpm -qc redial | tr '\n' ' ')" = "/etc/redial/redial.conf /etc/redial/upstreams.d/example.conf.sample " ] ||
    fail "other files are the administrator's: $(scratch_rpm -qc redial)"
for file in /usr/sbin/redial /usr/bin/redialctl /usr/libexec/redial/upgrade-service /usr/lib/sysusers.d/redial.conf /etc/redial/upstreams.d \
    /usr/lib/systemd/system/redial.service /usr/lib/systemd/system/redial.socket; do
    [ -e "$root$file" ] || fail "$file is not in the package: $(scratch_rpm -ql redial)"
done
[ "$("$root/usr/sbin/redial" --version)" = "$("$redial" --version)" ] || fail "the program does not run"
for script in PREIN POSTIN PREUN POSTUN POSTTRANS; do
    scratch_rpm -q --qf "%{$script}\n" redial >"$work/script"
    grep -q redial "$work/script" || [ $script = POSTUN ] || fail "$script does nothing"
    silent sh -n "$work/script"
done
ok "installed in a scratch root, it is what the package says"

echo >>"$root/usr/libexec/redial/upgrade-service"
! scratch_rpm --verify --nodeps redial >"$work/said" || fail "a changed file was not found"
echo "threads = 2" >>"$root/etc/redial/redial.conf"
scratch_rpm --erase --noscripts redial >"$work/erase.log" 2>&1 || fail "it cannot be removed"
[ "$(cd "$root" && find etc usr ! -type d)" = etc/redial/redial.conf.rpmsave ] || fail "left behind: $(cd "$root" && find etc usr ! -type d)"
ok "removed, it leaves what was changed in /etc and nothing else"
