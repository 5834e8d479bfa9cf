#!/bin/sh
# Shows that the tests of the manual find what they are there to find: each slip in a copy of the
# pages, of conf/ or of the program's own texts fails with the words that name it.
# shellcheck source=tests/man/lib.sh
. "$(dirname "$0")/lib.sh"

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$top" && pwd)
copy=$work/copy

# slip TEST FILE SED-SCRIPT WORDS: with the file changed so, the test must fail with the words
slip() {
    rm -rf "$copy"
    mkdir "$copy"
    cp -R "$source/man" "$source/conf" "$source/src" "$source/packaging" "$source/ARCHITECTURE.md" "$copy"
    chmod -R u+w "$copy"
    sed "$3" "$source/$2" >"$copy/$2"
    cmp -s "$source/$2" "$copy/$2" && fail "nothing to change in $2: $3"
    if said=$(srcdir=$copy REDIAL=$redial REDIALCTL=$redialctl sh "$here/$1.sh" 2>&1); then
        fail "$1.sh passes with $2 changed: $3"
    elif ! printf '%s\n' "$said" | grep -qF -e "$4"; then
        fail "$1.sh does not say \"$4\" with $2 changed: $3; it says:
$said"
    fi
}

page=man/redial.conf.5
slip keys $page '/^\.It Ic hold /d' '> dns hold default 30s'
slip keys $page 's/^\.It Ic hold /.It Ic holt /' '< dns holt default 30s'
slip keys $page '/^\.It Ic hold /s/30s/31s/' '< dns hold default 31s'
slip keys $page '/^\.It Ic hold /s/24h/25h/' '< dns hold default 30s, 0s to 25h'
slip keys $page '/^\.It Ic family /s/ipv6/ipv5/' '< dns family default any any ipv4 ipv5'
slip keys $page '/^\.It Ic threads /s/ | Cm auto//' '> redial threads default auto, 1 to 256 auto'
slip keys $page '/^\.It Ic allow /s/list/default none/' '> upstream allow list'
slip keys $page '/^\.It Ic removed /s/ | drain//' '< session removed default keep, 1s to 24h keep'
slip keys $page 's/^\.Ss Section zone/.Ss Section connect/' '< connect prefer list'
slip keys $page '/^\.It Ic target /s/, required//' 'target is required'
slip dns $page 's/^becomes these/becomes those/' '< records, fewer than sample-size	replace	becomes those'
slip dns $page '/^\.It servfail/,/^stays/d' '> servfail	keep	stays, for ever'
slip examples $page 's/^timeout  = 5s/timeot  = 5s/' 'did you mean timeout'
slip examples $page 's|^# /etc/redial/redial.conf|# the process|' 'does not name its file: # the process'
slip examples man/redial.8 's/^redial 127/redial --wrong 127/' 'an example of redial(8) fails'
slip examples man/redial.8 's/connect.deadline=5s/connect.deadline=5/' 'it is not a duration'
slip options man/redial.8 '/^\.It Fl -resolve/d' '> - --resolve'
slip options man/redial.8 's/^\.It Fl w , -threads Ar number/.It Fl w , -threads/' '< -w --threads'
slip options man/redial.8 's/^\.Op Fl w Ar number//' 'the synopsis lacks -w --threads'
slip options man/redial.8 '/^\.Op Fl -log-format/d' 'the synopsis lacks - --log-format'
slip options man/redial.8 's/^\.It Ev REDIAL_SET/.It Ev REDIAL_SETS/' '< REDIAL_SETS'
slip options man/redial.8 '/^\.It Sy dns recovered/d' '> info dns recovered: name type'
slip options man/redial.8 '/^\.It Sy ready/s/ pid//' '< info ready: upstreams threads max-connections'
slip options man/redial.8 's/^\.It Li closed/.It Li done/' '< done'
slip options src/main.c '/"resolver", required_argument/d' '< --resolver'
slip options src/daemon/server.c 's/log_info("ready"/log_info("prepared"/' '> info prepared: '
slip conf conf/redial.conf '/^# hold = /d' 'does not name [dns] hold'
slip conf conf/redial.conf 's/^# hold = 30s/# hold = 31s/' 'says of [dns] hold: 31s; the default is 30s'
slip conf conf/redial.conf 's/^# prefer = .*/# prefer = nobody/' 'conf/ (in_use) is refused'
slip conf conf/redial.conf 's/^# family = /# familiy = /' 'which redial does not know'
slip conf conf/redial.conf 's/^\[zone\]/[zones]/' 'unknown section [zones]'
slip conf conf/upstreams.d/example.conf.sample 's/^# timeout = 2s/# timeout = 3s/' 'says of [connect] timeout'
slip conf conf/upstreams.d/example.conf.sample '/^listen = /d' 'does not name [upstream] listen'
page=man/redialctl.1
slip ctl $page '/^\.It Fl -json/d' '> - --json'
slip ctl $page 's/^\.It Fl -wait Ar seconds/.It Fl -wait/' '< - --wait'
slip ctl $page '/^\.Op Fl -timeout/d' 'the synopsis lacks - --timeout'
slip ctl $page 's/^\.It Cm resolve Op Ar upstream/.It Cm resolve Ar upstream/' '< resolve UPSTREAM'
slip ctl $page '/^\.It Cm upgrade/d' '> upgrade'
slip ctl $page 's/^\.It Ev NO_COLOR/.It Ev NO_COLOUR/' '< NO_COLOUR'
slip ctl $page 's/^redialctl reload/redialctl relaod/' 'an example of redialctl(1) fails'
slip ctl src/redialctl.c '/"timeout", required_argument/d' '< --timeout'
slip ctl src/ctl/style.c 's/getenv("TERM")/getenv("COLORTERM")/' '> COLORTERM'
slip ctl packaging/completion/bash/redialctl 's/ undrain reload/ reload/' '> undrain'
slip ctl packaging/completion/bash/redialctl 's/ --json --wait/ --wait/' '> --json'
slip ctl packaging/completion/zsh/_redialctl "s/'watch:/'wotch:/" '< wotch'
slip ctl packaging/completion/zsh/_redialctl '/--wait=/d' '> --wait'
if command -v mandoc >/dev/null; then
    slip form $page 's/^\.Sh NAME/.Sh NAMEN/' 'NAME'
    slip form $page 's/^\.Xr redial 8$/.Xr redialed 8/' 'refers to redialed.8'
fi
[ $status -ne 0 ] || echo "every slip was found"
exit $status
