# The table of one row from the lines "ROW PEER ROUND key=value...": for each peer the median rate,
# the median cost with its least and greatest, and the same of its ratio to HAProxy in each round.

BEGIN {
    title["short"] = "Short connections, ended by the origin"
    title["short-e"] = "Short connections, ended by the client"
    title["requests"] = "Small requests on 32 open connections"
    title["stream"] = "Bulk, 8 streams"
    title["idle"] = "Idle connections"
    rate_name["short"] = rate_name["short-e"] = "conn/s"
    rate_name["requests"] = "req/s"
    rate_name["stream"] = "Gbit/s"
    rate_name["idle"] = "at rest KiB"
    cost_name["short"] = cost_name["short-e"] = "CPU us/conn"
    cost_name["requests"] = "CPU us/req"
    cost_name["stream"] = "CPU ms/GB"
    cost_name["idle"] = "RSS KiB/conn"
    form = "  %-8s %12s %13s %-17s %7s %s\n"
}

$1 == row {
    for (i = 4; i <= NF; i++) {
        split($i, pair, "=")
        v[pair[1]] = pair[2]
    }
    at = $2 SUBSEP $3
    if ($3 > rounds)
        rounds = $3
    if (row == "stream") {
        rate[at] = v["bytes"] * 8 / v["seconds"] / 1e9
        cost[at] = v["cpu"] * 1e3 / (v["bytes"] / 1e9)
    } else if (row == "idle") {
        rate[at] = v["rss_before"]
        cost[at] = (v["rss_after"] - v["rss_before"]) / v["opened"]
    } else {
        rate[at] = v["done"] / v["seconds"]
        cost[at] = v["cpu"] * 1e6 / v["done"]
    }
}

# sorted[1..n] of the values of one peer; the count
function sort_values(values, peer,    n, r, i, x) {
    n = 0
    for (r = 1; r <= rounds; r++) {
        if (!((peer, r) in values))
            continue
        x = values[peer, r]
        for (i = n++; i > 0 && sorted[i] > x; i--)
            sorted[i + 1] = sorted[i]
        sorted[i + 1] = x
    }
    return n
}

function median(n) {
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

# Four figures or so, whatever the size
function figure(x) {
    return sprintf(x >= 1000 ? "%.0f" : x >= 100 ? "%.1f" : "%.2f", x)
}

function spread(n) {
    return "(" figure(sorted[1]) ".." figure(sorted[n]) ")"
}

END {
    printf "\n%s\n", title[row]
    printf form, "", rate_name[row], cost_name[row], "", "/haproxy", ""
    count = split(peers, name, " ")
    for (k = 1; k <= count; k++)
        for (r = 1; r <= rounds; r++)
            if (cost["haproxy", r] > 0 && ((name[k], r) in cost))
                ratio[name[k], r] = cost[name[k], r] / cost["haproxy", r]
    for (k = 1; k <= count; k++) {
        if (!(n = sort_values(rate, name[k])))
            continue
        rates = figure(median(n))
        if (name[k] == "direct") {
            printf form, name[k], rates, "-", "", "", ""
            continue
        }
        n = sort_values(cost, name[k])
        costs = figure(median(n))
        cost_spread = spread(n)
        if ((n = sort_values(ratio, name[k])))
            printf form, name[k], rates, costs, cost_spread, figure(median(n)), spread(n)
        else
            printf form, name[k], rates, costs, cost_spread, "-", ""
    }
}
