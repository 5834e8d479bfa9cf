#!/bin/sh
# The templates of cloudformation/ by AWS's own validator, and by rules for what it does not look at:
# between nested stacks, and the slips of such patterns. Then spoilt templates, each of which must be
# found; and redial has its say about the settings in them.
. "${srcdir:-.}/tests/real/lib.sh"
here=${srcdir:-.}/tests/cloudformation
extract=${srcdir:-.}/tests/rehearsal/extract.awk
templates=${srcdir:-.}/cloudformation
packages=tests/cloudformation/packages # in the build tree, so that they are fetched once

need node nodejs
node -e 'process.exit(+(process.versions.node.split(".")[0] < 18))' ||
    skip "AWS's validator needs Node 18; this is $(node --version)"

# The packages are of npm, so only who wants all of the tests gets them.
fetch_packages() {
    cmp -s "$here/package.json" "$packages/fetched" && return
    [ -n "${REDIAL_NPM-}" ] ||
        skip "AWS's validator is not here; REDIAL_NPM=yes make check TESTS=tests/cloudformation/templates.sh fetches it by npm, and so does ./bootstrap check --all"
    command -v npm >/dev/null ||
        skip "npm is not installed, which brings AWS's validator (it comes with Node from its makers, or as Debian's package npm)"
    rm -rf "$packages"
    mkdir -p "$packages"
    cp "$here/package.json" "$packages"
    (cd "$packages" && npm install --ignore-scripts --no-package-lock --no-audit --no-fund) >"$work/npm.log" 2>&1 || {
        tail -n 5 "$work/npm.log"
        skip "npm could not fetch AWS's validator"
    }
    cp "$here/package.json" "$packages/fetched"
}

# run SCRIPT ARGUMENT...: beside the packages, where Node finds them
run() {
    script=$1
    shift
    node "$packages/$script" "$@"
}

fetch_packages
cp "$here"/*.mjs "$packages"

run check.mjs "$templates" >"$work/found" || fail "$(cat "$work/found")"
ok "$(cat "$work/found")"

# --- what the rehearsal, and we below, take out of the templates: as a parser of YAML reads it ---------

# taken WANT NAME FILE: by awk and by the parser alike, into $work/taken
taken() {
    awk -v "want=$1" -v "container=$2" -v "parameter=$2" -f "$extract" "$templates/$3" >"$work/taken"
    run taken.mjs "$1" "$2" "$templates/$3" >"$work/parsed"
    [ -s "$work/taken" ] || fail "$3: no $1 of $2"
    diff "$work/parsed" "$work/taken" || fail "$3: $1 of $2 is read in two ways"
}
taken program hello hello.yml
taken environment hello hello.yml
taken default RecordTtl name.yml
taken default Port name.yml
taken default NegativeTtl cluster.yml
taken environment redial hello.yml
cp "$work/taken" "$work/redial.env"
taken upstream - ec2-host.yml
cp "$work/taken" "$work/name.conf"
ok "what is taken out of the templates is what they say"

# --- redial's own judgement ----------------------------------------------------------------------------

variable() {
    sed -n "s/^$1=//p" "$work/redial.env"
}
check() {
    REDIAL_UPSTREAMS=$1 REDIAL_SET=$2 "$redial" --check >"$work/check.log" 2>&1
}
upstreams=$(variable REDIAL_UPSTREAMS) settings=$(variable REDIAL_SET)
check "$upstreams" "$settings" || fail "redial does not like hello.yml: $(cat "$work/check.log")"
check "127.0.0.1:3001=srv:_name._tcp.internal" "$settings" || fail "redial does not like the target of name-srv.yml"
! check "$upstreams" "$settings no.such=key" || fail "redial likes everything"
mkdir -p "$work/etc/upstreams.d"
cp "$work/name.conf" "$work/etc/upstreams.d/name.conf"
"$redial" --check --config "$work/etc" >"$work/check.log" 2>&1 ||
    fail "redial does not like the file of ec2-host.yml: $(cat "$work/check.log")"
ok "redial accepts the settings of hello.yml and ec2-host.yml"
