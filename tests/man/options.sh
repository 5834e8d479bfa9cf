#!/bin/sh
# redial(8) documents the options, variables and messages that the program has, and no others.
# shellcheck source=tests/man/lib.sh
. "$(dirname "$0")/lib.sh"

# --- options: "-c --config PATH", "- --resolve", … -----------------------------------------

"$redial" --help | awk '
    /^  (-.,|    )? *--[a-z]/ {
        short = "-"; long = ""; argument = ""
        for (i = 1; i <= NF; i++) {
            word = $i
            sub(/,$/, "", word)
            if (word ~ /^-[^-]$/) short = word
            else if (word ~ /^--/) { long = word; if ($(i + 1) ~ /^[A-Z][A-Z.=]*$/) argument = "ARGUMENT"; break }
        }
        print short, long, argument
    }' | sort >"$work/program"
page_options "$daemon_page" >"$work/page"
same "options of redial(8)" page program

# --help itself hides none that is taken.
awk '/_argument, NULL, / { gsub(/[{}",]/, " "); print "--" $1 }' "$top/src/main.c" | sort >"$work/taken"
awk '{ print $2 }' "$work/program" | sort >"$work/helped"
diff "$work/helped" "$work/taken" || fail "--help (<) and the options that are taken (>) differ"

# Each of them stands in the synopsis, too.
section "$daemon_page" SYNOPSIS >"$work/synopsis"
while read -r short long _; do
    { [ "$short" != - ] && grep -Eq -- "[ |]${short#-}( |\$)" "$work/synopsis"; } || grep -q -- " -${long#--} " "$work/synopsis" ||
        grep -q -- "Fl -${long#--}\$" "$work/synopsis" || fail "the synopsis lacks $short $long"
done <"$work/page"

# --- environment ---------------------------------------------------------------------------

sources=$(find "$top/src" -name '*.c' ! -name redialctl.c ! -path '*/ctl/*' | sort)
# shellcheck disable=SC2086 # a list of names, none of which holds a space
sed -n 's/.*getenv("\([A-Z_]*\)").*/\1/p' $sources | sort -u >"$work/program"
section "$daemon_page" ENVIRONMENT | awk '/^\.It Ev / { print $3 }' | sort >"$work/page"
same "environment of redial(8)" page program

# --- messages: "level message: field field" ------------------------------------------------

# shellcheck disable=SC2086
awk -f "$(dirname "$0")/messages.awk" $sources | sort -u >"$work/program"
section "$daemon_page" DIAGNOSTICS | awk '
    /^\.It Sy / {
        start = index($0, " Pq ")
        count = split(substr($0, start + 4), facts, " ")
        fields = ""
        for (i = 3; i <= count; i++) fields = fields " " facts[i]
        print facts[1] " " substr($0, 8, start - 8) ":" fields
    }' | sort >"$work/page"
same "messages of redial(8)" page program

# --- how connections end -------------------------------------------------------------------

# shellcheck disable=SC2086
awk '/session_end_name\(enum/ { on = 1 }
     on && /"/ { while (match($0, /"[a-z-]+"/)) { print substr($0, RSTART + 1, RLENGTH - 2); $0 = substr($0, RSTART + RLENGTH) } }
     on && /^}/ { exit }' $sources | sort >"$work/program"
section "$daemon_page" DIAGNOSTICS | awk '/^\.It Li / { print $3 }' | sort >"$work/page"
same "the field end" page program
exit $status
