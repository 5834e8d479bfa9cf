# shellcheck shell=sh
# Read by the tests of the manual: where things are, a working directory, and what the program says
# of its keys.
# shellcheck disable=SC2034 # who reads this uses them
set -eu
export LC_ALL=C

# Of the program's environment nothing is the caller's.
unset REDIAL_UPSTREAMS REDIAL_SET JOURNAL_STREAM

top=${srcdir:-.}
redial=${REDIAL:-./redial}
case $redial in /*) ;; *) redial=$PWD/$redial ;; esac
redialctl=${REDIALCTL:-./redialctl}
case $redialctl in /*) ;; *) redialctl=$PWD/$redialctl ;; esac
keys_page=$top/man/redial.conf.5
daemon_page=$top/man/redial.8
control_page=$top/man/redialctl.1
work=$(mktemp -d "${TMPDIR:-/tmp}/redial-man.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0

fail() {
    printf 'FAILED: %s\n' "$*"
    status=1
}

# same WHAT PAGE PROGRAM: two sorted lists of the working directory are alike
same() {
    [ -s "$work/$3" ] || fail "$1: the program shows none"
    diff "$work/$2" "$work/$3" >"$work/difference" ||
        fail "$1: the page (<) and the program (>) differ:
$(grep '^[<>]' "$work/difference")"
}

# "section key default", a line each, in the order of `redial --help`; "-" where there is none
program_keys() {
    "$redial" --help | awk '
        /^  \[/ { section = substr($1, 2, length($1) - 2); next }
        section && /^$/ { exit }
        section { print section, $1, match($0, /\([^()]*\)$/) ? substr($0, RSTART + 1, RLENGTH - 2) : "-" }'
}

# section FILE NAME: the lines of a page between that .Sh and the next
section() {
    awk -v name="$2" '/^\.Sh / { on = $0 == ".Sh " name; next } on' "$1"
}

# page_options FILE: "-c --config ARGUMENT", a line each, sorted; "-" where there is no letter
page_options() {
    section "$1" DESCRIPTION | awk '
        /^\.It Fl / {
            short = "-"; long = ""; argument = ""
            for (i = 2; i <= NF; i++)
                if ($i ~ /^-./) long = "-" $i
                else if ($i == "Ar") argument = "ARGUMENT"
                else if ($i !~ /^(Fl|,)$/ && !argument) short = "-" $i
            print short, long, argument
        }' | sort
}

# displays DIRECTORY: the literal displays of the lines read, a file each: 1, 2, …
displays() {
    mkdir -p "$1"
    awk -v dir="$1" '
        /^\.Ed/ { if (shown) close(file); shown = 0 }
        shown { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print >file }
        /^\.Bd -literal/ { shown = 1; file = dir "/" ++n; printf "" >file }'
}

# tree DIRECTORY: a configuration with one upstream
tree() {
    mkdir -p "$1/upstreams.d"
    printf '[upstream]\nlisten = 127.0.0.1:3001\ntarget = name.internal:3000\n' >"$1/upstreams.d/name.conf"
}

# check WHAT ARGUMENT...: redial must take it
check() {
    what=$1
    shift
    "$redial" --check "$@" >"$work/said" 2>&1 || fail "$what is refused:
$(cat "$work/said")"
}
