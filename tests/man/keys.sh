#!/bin/sh
# redial.conf(5) documents the keys that the program has, and no others, with their sections,
# defaults, ranges and words.
# shellcheck source=tests/man/lib.sh
. "$(dirname "$0")/lib.sh"

# What is right, redial says when a value is wrong: all of these are, for every key with a default.
program_keys >"$work/keys"
set --
while read -r section key default; do
    [ "$default" = - ] || set -- "$@" -o "$section.$key=?" -o "$section.$key=9999999999h" \
        -o "$section.$key=drain 9999999999h"
done <"$work/keys"
"$redial" --check "$@" 127.0.0.1:1=127.0.0.1:2 2>&1 | sed -n 's/^command line: \([^ ]* = .*\)/\1/p' >"$work/advice"

# "section key default DEFAULT, RANGE WORD WORD", or "section key list"
awk -v advice="$work/advice" '
    function word(text) { if (text != "") found[++count] = text }
    function words_of(text,    i, parts, n) {
        if (sub(/^it must be one of: /, "", text)) n = split(text, parts, " ")
        else if (text ~ /^it must be .*, or .* and a duration/) {
            sub(/ and a duration.*/, "", text); sub(/^it must be /, "", text); n = split(text, parts, ", or ")
        } else if (sub(/^it must be a number from [^,]*, or /, "", text)) n = split(text, parts, " ")
        else if (sub(/^it is not a duration such as [^,]*, [^,]*, [^,]*, nor /, "", text)) n = split(text, parts, ", nor ")
        for (i = 1; i <= n; i++) word(parts[i])
    }
    function sorted(    i, j, held, text) {
        for (i = 2; i <= count; i++)
            for (j = i; j > 1 && found[j - 1] > found[j]; j--) { held = found[j]; found[j] = found[j - 1]; found[j - 1] = held }
        text = ""
        for (i = 1; i <= count; i++) text = text " " found[i]
        return text
    }
    $3 == "-" { print $1, $2, "list"; next }
    {
        count = 0
        range = ""
        for (i = 1; i <= 3; i++) {
            getline line <advice
            if (index(line, $2 " = ") != 1) { print "no advice on " $1 " " $2 ": " line; exit }
            sub(/^[^:]*: /, "", line)
            if (i == 1) words_of(line)
            if (range == "" && match(line, / from [^ ]* to [^ ,]*/)) range = ", " substr(line, RSTART + 6, RLENGTH - 6)
        }
        print $1, $2, "default " $3 range sorted()
    }' "$work/keys" | sort >"$work/program"

# .It Ic KEY No = Ar VALUE | Cm WORD | WORD Pq default DEFAULT, RANGE
section "$keys_page" KEYS | awk '
    /^\.Ss Section / { section = $3 }
    /^\.It Ic / {
        start = index($0, " Pq ")
        facts = substr($0, start + 4)
        sub(/, required$/, "", facts)
        count = split(substr($0, 1, start - 1), head, " ")
        macro = ""
        for (i = 4; i <= count; i++)
            if (head[i] ~ /^(Ar|Cm|Li|No|Ns)$/) macro = head[i]
            else if (macro == "Cm" && head[i] !~ /^[|=:]$/) print section, $3, head[i] >words_file
        print section, $3, facts
    }' words_file="$work/page-words" >"$work/page-facts"
touch "$work/page-words"
while read -r section key facts; do
    # shellcheck disable=SC2046 # words, one by one
    echo "$section $key $facts" $(sed -n "s/^$section $key //p" "$work/page-words" | sort)
done <"$work/page-facts" | sort >"$work/page"

same "keys of redial.conf(5)" page program

for required in listen target; do
    section "$keys_page" KEYS | grep -q "^\.It Ic $required .* Pq list, required$" ||
        fail "redial.conf(5) does not say that $required is required"
done
exit $status
