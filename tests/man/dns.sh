#!/bin/sh
# redial.conf(5) has the table of what DNS does to a set as ARCHITECTURE.md has it, which a unit test
# holds to the program: word by word but for quotation marks, and no row besides.
# shellcheck source=tests/man/lib.sh
. "$(dirname "$0")/lib.sh"

awk -F ' [|] ' '
    /^[|] event [|] verdict [|] what becomes of the set [|]$/ { on = 1; getline; next }
    on && !/^[|]/ { exit }
    on { sub(/^[|] /, "", $1); sub(/ [|]$/, "", $3); print $1 "\t" $2 "\t" $3 }' "$top/ARCHITECTURE.md" |
    tr -d '`' | sort >"$work/program"
section "$keys_page" DNS | awk '
    function print_row() { if (row) print row; row = "" }
    /^\.Ss / { on = $0 == ".Ss What an answer does" }
    !on { next }
    /^\.It / { print_row(); row = substr($0, 5); gap = "\t"; next }
    /^\.El/ { print_row(); exit }
    row && /^\.Em / { row = row "\t" $2; next }
    row { row = row gap $0; gap = " " }' | sort >"$work/page"
same "events in redial.conf(5)" page program
exit $status
