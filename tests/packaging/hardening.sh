#!/bin/sh
# What the compiler and the linker can do against one's own mistakes is in both programs: they lie
# anywhere in memory, no table of addresses can be written to, a stack that is written over ends
# them, and calls of the C library check their buffers. configure.ac has the flags.
set -eu
export LC_ALL=C

command -v readelf >/dev/null || {
    echo "SKIP: readelf is not installed (package binutils)"
    exit 77
}
if ! readelf -lW redial | grep -q INTERP; then
    echo "SKIP: not applicable: a static program names no function that it calls"
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/redial-hardening.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0

fail() {
    printf 'FAILED: %s\n' "$*"
    status=1
}

# lacks PROGRAM: what it has not, a line each
lacks() {
    readelf -hldW --dyn-syms "$1" | awk '
        $1 == "Type:" && $2 == "DYN" { pie = 1 }
        $1 == "GNU_RELRO" { relro = 1 }
        $1 == "GNU_STACK" { stack = $0 !~ / RWE / }
        /\(FLAGS_1\).* NOW/ { now = 1 }
        /__stack_chk_fail/ { canary = 1; next }
        /UND __[a-z]+_chk/ { fortified = 1 }
        /musl/ { musl = 1 }
        END {
            if (!pie) print "position independent code"
            if (!relro || !now) print "full RELRO"
            if (!stack) print "a stack that is not executable"
            if (!canary) print "stack canaries"
            if (!fortified && !musl) print "fortified calls"
        }'
}

for program in redial redialctl; do
    lacks $program >"$work/lacks"
    [ ! -s "$work/lacks" ] || fail "$program lacks $(paste -sd , "$work/lacks")"
done

# ... and each of these would be missed.
cat >"$work/small.c" <<'C'
#include <stdio.h>
int main(int argc, char **argv)
{
    char line[64];
    return argc > 1 && sprintf(line, "%s", argv[1]) > 0 ? puts(line) : 0;
}
C
all="-O2 -fstack-protector-strong -fPIE -pie -Wl,-z,relro -Wl,-z,now -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"

# compiled WHAT FLAG...: a program with all and these is found to lack this alone; a flag that this
# compiler has not shows nothing
compiled() {
    what=$1
    shift
    # shellcheck disable=SC2086 # several words each
    ${CC:-cc} $all "$@" -o "$work/small" "$work/small.c" 2>"$work/said" || {
        echo "not compiled with $*: $(tail -n 1 "$work/said")"
        return 0
    }
    [ "$(lacks "$work/small")" = "$what" ] || fail "with $*: found to lack '$(lacks "$work/small")', not '$what'"
}
compiled "" -Wl,-z,noexecstack
compiled "position independent code" -fno-PIE -no-pie
compiled "full RELRO" -Wl,-z,lazy
compiled "full RELRO" -Wl,-z,norelro
compiled "a stack that is not executable" -Wl,-z,execstack
compiled "stack canaries" -fno-stack-protector
compiled "fortified calls" -U_FORTIFY_SOURCE

# Debian's own judge of the same. Control flow protection is the whole process's, and Debian 12 has a
# C library without.
if command -v hardening-check >/dev/null; then
    hardening-check --nocfprotection redial redialctl >"$work/report" || fail "hardening-check: $(cat "$work/report")"
else
    echo "hardening-check is not installed (package devscripts): readelf alone has judged"
fi
exit $status
