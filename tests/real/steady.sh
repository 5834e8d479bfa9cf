# shellcheck shell=sh
# Read, after lib.sh: what came of a load by the program steady.
# shellcheck disable=SC2154 # work is lib.sh's
steady=${STEADY:-tests/real/steady}

# moment: now, in microseconds of the epoch, as steady counts
moment() {
    date +%s%6N
}

# stamp MOMENT: as redial's log writes it
stamp() {
    date -u -d "@$(($1 / 1000000)).$(printf %06d $(($1 % 1000000)))" +%Y-%m-%dT%H:%M:%S.%3NZ
}

# clients NAME NAMESPACE ARGUMENT...: a load; what becomes of each goes to NAME.clients
clients() {
    name=$1 space=$2
    shift 2
    # shellcheck disable=SC2016 # for the inner shell
    start "$name" sh -c 'to=$1; shift; exec "$@" >"$to"' sh "$work/$name.clients" \
        ip netns exec "$space" "$steady" load "$@"
}

# figures NAME FROM TO: of the clients that came in this time: "count failed p50 p99 p999 max", in
# milliseconds. A percentile is the least span within which so many were answered.
figures() {
    awk -v from="$2" -v to="$3" '$1 >= from && $1 < to { print $2, $3 }' "$work/$1.clients" | sort -n |
        awk '{ took[NR] = $1; failed += $2 != "ok" }
            function at(share,  i) { i = int(NR * share); i += i < NR * share; return took[i > 0 ? i : 1] / 1000 }
            END { printf "%d %d %.1f %.1f %.1f %.1f\n", NR, failed, at(0.5), at(0.99), at(0.999), at(1) }'
}

# answered_by NAME FROM TO ADDRESS: how many of them it answered
answered_by() {
    awk -v from="$2" -v to="$3" -v by="$4" '$1 >= from && $1 < to && $4 == by { n++ } END { print n + 0 }' "$work/$1.clients"
}

# at_most WHAT VALUE LIMIT: fails where the value is greater; a slow build's limit is longer
at_most() {
    awk -v v="$2" -v l="$3" -v s="${REDIAL_TEST_SCALE:-1}" 'BEGIN { exit !(v <= l * (s > 1 ? s : 1)) }' ||
        fail "$1: $2, more than $3"
}
