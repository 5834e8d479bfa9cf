#!/bin/sh
# redialctl(1), `redialctl --help`, the program and the completions have the same commands, options
# and variables; and the examples are commands.
# shellcheck source=tests/man/lib.sh
. "$(dirname "$0")/lib.sh"

completion=$top/packaging/completion

# --- options: "-s --socket ARGUMENT", "- --json " --------------------------------------------

"$redialctl" --help >"$work/help"
awk '/^  (-.,|    )? *--[a-z]/ {
        short = "-"; long = ""; argument = ""
        for (i = 1; i <= NF; i++) {
            word = $i
            sub(/,$/, "", word)
            if (word ~ /^-[^-]$/) short = word
            else if (word ~ /^--/) { long = word; if ($(i + 1) ~ /^[A-Z]+$/) argument = "ARGUMENT"; break }
        }
        if (long == "--json") argument = "" # the word behind it begins its help
        print short, long, argument
    }' "$work/help" | sort >"$work/program"
page_options "$control_page" >"$work/page"
same "options of redialctl(1)" page program

awk '/_argument, NULL, / { gsub(/[{}",]/, " "); print "--" $1 }' "$top/src/redialctl.c" | sort >"$work/taken"
awk '{ print $2 }' "$work/program" | sort >"$work/helped"
same "options that are taken (>), and --help (<)" helped taken

section "$control_page" SYNOPSIS >"$work/synopsis"
while read -r short long _; do
    { [ "$short" != - ] && grep -Eq -- "[ |]${short#-}( |\$)" "$work/synopsis"; } ||
        grep -q -- "Fl -${long#--}\( \|\$\)" "$work/synopsis" ||
        fail "the synopsis lacks $short $long"
done <"$work/page"

# --- commands: "drain ENDPOINT [UPSTREAM]" ---------------------------------------------------

awk '/^  [a-z]/ {
        line = $1
        for (i = 2; i <= NF && $i ~ /^\[?[A-Z]+\]?$/; i++) line = line " " $i
        print line
    }' "$work/help" | sort >"$work/program"
section "$control_page" COMMANDS | awk '
    /^\.It Cm / {
        line = $3
        for (i = 4; i <= NF; i++)
            if ($i == "Op") open = 1
            else if ($i != "Ar") { line = line (open ? " [" toupper($i) "]" : " " toupper($i)); open = 0 }
        print line
    }' | sort >"$work/page"
same "commands of redialctl(1)" page program

# --- environment -----------------------------------------------------------------------------

sed -n 's/.*getenv("\([A-Z_]*\)").*getenv("\([A-Z_]*\)").*/\1\n\2/p; t; s/.*getenv("\([A-Z_]*\)").*/\1/p' \
    "$top"/src/ctl/*.c "$top/src/redialctl.c" | sort -u >"$work/program"
section "$control_page" ENVIRONMENT | awk '/^\.It Ev / { print $3 }' | sort >"$work/page"
same "environment of redialctl(1)" page program

# --- completion ------------------------------------------------------------------------------

{ awk '/^  [a-z]/ { print $1 }' "$work/help" && cat "$work/helped"; } | sort >"$work/program"
awk '/printf .%s.n. (--socket|status endpoints)/ { on = 1; sub(/.*printf .%s.n. /, "") }
    on { more = sub(/\\$/, ""); gsub(/\)/, ""); for (i = 1; i <= NF; i++) print $i; on = more }' \
    "$completion/bash/redialctl" | sort >"$work/page"
same "words of the completion for bash" page program
{
    sed -n "s/^        '\([a-z-]*\):.*/\1/p" "$completion/zsh/_redialctl"
    grep -o -e "--[a-z]\{3,\}=\{0,1\}[[}]" -e "--[a-z]*}" "$completion/zsh/_redialctl" | tr -d '=[}'
} | sort -u >"$work/page"
same "words of the completion for zsh" page program

# --- examples: with nobody there, each says so and nothing else ------------------------------

section "$control_page" EXAMPLES | displays "$work/commands"
[ -e "$work/commands/3" ] || fail "redialctl(1) has fewer than three examples"
cat >"$work/prelude" <<END
redialctl() {
    wanted=3
    for argument; do
        shift
        case \$argument in
        --wait) wanted=1 ;;
        30) argument=0 ;;
        esac
        set -- "\$@" "\$argument"
    done
    status=0
    "$redialctl" -s "$work/nobody" "\$@" || status=\$?
    [ \$status -eq \$wanted ] || echo "status \$status" >>"$work/wrong"
    echo >>"$work/asked"
}
jq() { cat; }
END
for example in "$work"/commands/*; do
    rm -f "$work/asked" "$work/wrong"
    cat "$work/prelude" "$example" >"$example.sh"
    sh -u "$example.sh" >"$work/said" 2>&1 || :
    { [ -e "$work/asked" ] && [ ! -e "$work/wrong" ]; } || fail "an example of redialctl(1) fails:
$(cat "$example" "$work/said")"
done
exit $status
