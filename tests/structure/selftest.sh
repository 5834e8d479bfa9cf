#!/bin/sh
# Shows that structure.sh finds what it is there to find: a small sound tree passes, and each way
# of spoiling it fails with the line that names the fault.
set -eu

structure=$(cd "$(dirname "$0")" && pwd)/structure.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/redial-structure.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree
failed=0

# header FILE [INCLUDE...]: a guarded header with one declaration
header() {
    file=$tree/src/$1
    mkdir -p "$(dirname "$file")"
    guard=$(printf '%s' "$1" | tr 'a-z/.' 'A-Z__')
    shift
    {
        printf '/* What it is for:\n * #include "nothing.h" */\n#ifndef %s\n#define %s\n\n' "$guard" "$guard"
        for include; do printf '#include "%s"\n' "$include"; done
        printf '\nint value(void);\n\n#endif\n'
    } >"$file"
}

# source FILE [INCLUDE...]: a source file with one function
source_file() {
    file=$tree/src/$1
    mkdir -p "$(dirname "$file")"
    shift
    {
        printf '#include <stdio.h>\n'
        for include; do printf '#include "%s"\n' "$include"; done
        printf '\nint value(void)\n{\n    return puts("} // {");\n}\n'
    } >"$file"
}

make_sound_tree() {
    header base/clock.h
    source_file base/clock.c base/clock.h config.h
    header base/log.h base/clock.h
    source_file base/log.c base/log.h base/clock.h
    header config/config.h base/log.h
    source_file config/config.c config/config.h
    header discovery/answer.h config/config.h
    source_file proxy/relay.c discovery/answer.h base/log.h
    header daemon/server.h
    source_file admin/status.c daemon/server.h
    source_file main.c daemon/server.h base/log.h
    header ctl/table.h base/log.h
    source_file ctl/table.c ctl/table.h
    source_file redialctl.c ctl/table.h base/log.h
}

sound_tree() {
    rm -rf "$tree"
    cp -R "$work/sound" "$tree"
}

append() {
    printf '%s\n' "$2" >>"$tree/src/$1"
}

lines() {
    awk -v count="$1" -v text="$2" 'BEGIN { while (count-- > 0) print text }'
}

# expect WHAT PATTERN: structure.sh must fail with such a line (an empty pattern: must pass)
expect() {
    if said=$("$structure" "$tree/src" 2>&1); then passed=yes; else passed=; fi
    if [ -z "$2" ]; then
        [ -n "$passed" ] || complain "$1"
    elif [ -n "$passed" ] || ! printf '%s\n' "$said" | grep -q -- "$2"; then
        complain "$1"
    fi
    sound_tree
}

complain() {
    printf 'FAILED: %s; structure.sh said:\n%s\n' "$1" "$(printf '%s\n' "$said" | head -n 5)"
    failed=$((failed + 1))
}

make_sound_tree
cp -R "$tree" "$work/sound"
expect "a sound tree passes" ""

append base/clock.c '#include "config/config.h"'
expect "an upward include" 'base/clock.c:9: upward include: base may not know config'
append discovery/answer.h '#  include "daemon/server.h"'
expect "an upward include in a header" 'upward include: discovery may not know daemon'
append daemon/server.h '#include <admin/status.h>'
header admin/status.h
expect "an upward include in angle brackets" 'upward include: daemon may not know admin'

append ctl/table.c '#include "config/config.h"'
expect "an upward include of the client" 'ctl/table.c:8: upward include: ctl may not know config'
append admin/status.c '#include "ctl/table.h"'
expect "an include of the client by the daemon" 'sideward include: admin may not know ctl'

header base/clock.h base/log.h
expect "a cycle of two headers" 'include cycle: base/[a-z]* > base/[a-z]* > base/[a-z]*$'
append base/clock.c '#include "log.h"'
expect "a cycle by way of a source file" 'include cycle: '
header proxy/a.h proxy/b.h
header proxy/b.h proxy/c.h
header proxy/c.h proxy/a.h
expect "a cycle of three" 'include cycle: proxy/. > proxy/. > proxy/. > proxy/.$'

source_file main.c daemon/serve.h
expect "an include that leads nowhere" 'main.c:2: includes "daemon/serve.h", which is no file'
source_file proxy/relay.c ../base/log.h
expect "an include by .." 'includes "../base/log.h"'
source_file main.c admin/status.c
expect "an included source file" 'includes the source file admin/status.c'
source_file util/misc.c
expect "a folder that is no layer" 'util/ is no layer'

printf 'int value(void);\n' >"$tree/src/base/clock.h"
expect "a header without guard" 'base/clock.h: no include guard'
append base/clock.h 'int after(void);'
expect "a declaration behind the guard" 'base/clock.h: no include guard'
append base/clock.h '#define AFTER'
expect "a directive behind the guard" 'base/clock.h: no include guard'
printf '#ifndef A_H\n#define B_H\nint value(void);\n#endif\n' >"$tree/src/base/clock.h"
expect "a guard that is not defined" 'base/clock.h: no include guard'
sed 's/LOG_H/CLOCK_H/' "$tree/src/base/log.h" >"$work/log.h"
cp "$work/log.h" "$tree/src/base/log.h"
expect "a guard used twice" 'include guard BASE_CLOCK_H is that of base/clock.h too'
printf '#ifndef ALL_H\n#define ALL_H\n#include "base/log.h"\n/* all */\n#endif\n' >"$tree/src/base/all.h"
expect "an umbrella header" 'base/all.h: an umbrella header'

lines 490 '// filler' >>"$tree/src/base/log.c"
expect "a file of 498 lines" ""
lines 493 '// filler' >>"$tree/src/base/log.c"
expect "a file of 501 lines" 'base/log.c: 501 lines, more than 500'
{
    printf 'static int long_one(int a,\n                    int b)\n{\n'
    lines 76 '    a += b;'
    printf '}\n'
} >>"$tree/src/base/log.c"
cp "$tree/src/base/log.c" "$work/log.c"
expect "a function of 80 lines" ""
sed 's/^static int long_one.*/&\n                    int c,/' "$work/log.c" >"$tree/src/base/log.c"
expect "a function of 81 lines" 'long_one: 81 lines, more than 80'
rm -r "$tree/src"
mkdir "$tree/src"
expect "an empty tree" 'no source file'

[ "$failed" -eq 0 ] && echo "every fault was found"
