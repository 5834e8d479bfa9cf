# shellcheck shell=sh
# Read, after lib.sh and start_redial, by the tests in which redial has successors: who is the main
# process, by its admin socket, and that none of them outlives the test.
# shellcheck disable=SC2154 # work is lib.sh's
ctl=${REDIALCTL:-./redialctl}
admin=$work/admin.sock

# ask_redial WORD...: by redialctl; its answer in answer.log
ask_redial() { "$ctl" -s "$admin" "$@" >"$work/answer.log" 2>&1; }

# main: the number of the process that answers
main() { "$ctl" -s "$admin" --json status 2>>"$work/main.log" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -n 1; }

# successors: their numbers, in their order
successors() { sed -n 's/.* upgraded successor=\([0-9]*\).*/\1/p' "$work/redial.log"; }
upgraded() { [ "$(successors | wc -l)" -ge "$1" ]; }
answers_itself() { [ "$(main)" = "$(successors | tail -n 1)" ]; }

# A successor is nobody's child that we could wait for: it is ended by its own number.
at_end() { for successor in $(successors); do kill "$successor" 2>/dev/null || :; done; }
