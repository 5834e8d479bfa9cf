# shellcheck shell=sh
# Read, after tests/real/lib.sh, by the tests of packages.
# shellcheck disable=SC2154 # work is of tests/real/lib.sh

# plainly COMMAND...: as at a prompt; nothing of this "make check" gets in
plainly() {
    env -i PATH="$PATH" HOME="$work" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C "$@"
}

# make_packages KIND SETTING...: "make deb" or "make rpm" with these variables; they are in $packages then
packages=$work/packages
make_packages() {
    kind=$1
    shift
    since=$(date +%s)
    plainly "$@" make "$kind" packages_dir="$packages" >"$work/make-$kind.log" 2>&1 </dev/null || fail "make $kind"
    echo "    make $kind took $(($(date +%s) - since)) s"
}

# silent COMMAND...: it must have nothing to say, and end well
silent() {
    "$@" >"$work/said" 2>&1 </dev/null || fail "$1 says:
$(cat "$work/said")"
    [ ! -s "$work/said" ] || fail "$1 says:
$(cat "$work/said")"
}
