# Tables from the lines "ROW PEER ROUND key=value..." of the bench: the median of each figure, and of
# its ratio to HAProxy within a round, with the least and the greatest of those. Percentiles are
# those of all rounds together. -v rows="short ..." -v peers="redial haproxy ..." and
# -v form=text (one row, as the bench goes on), markdown (all), or ratios (for plot.awk).

BEGIN {
    titles["short"] = "Short connection, the origin ends it"
    titles["short-e"] = "Short connection, the client ends it"
    titles["requests"] = "Small request, 32 connections"
    titles["stream-1"] = "Bulk, 1 stream"
    titles["stream-8"] = "Bulk, 8 streams"
    titles["stream-64"] = "Bulk, 64 streams"
    titles["paced"] = "2,000 requests/s, 32 connections"
    titles["paced-short"] = "200 short connections/s"
    titles["beside"] = "1,000 requests/s beside 8 streams"
    titles["idle"] = "Idle connection"
    figures["short"] = figures["short-e"] = figures["requests"] = "rate cpu latency"
    figures["stream-1"] = figures["stream-8"] = figures["stream-64"] = "gbits cpu-gb"
    figures["paced"] = figures["paced-short"] = "latency added cpu"
    figures["beside"] = "latency beside"
    figures["idle"] = "resident at-rest"
    names["rate"] = "each second"
    names["cpu"] = "CPU, us each"
    names["latency"] = "p50 / p99 / p99.9, us"
    names["added"] = "p50 / p99 above direct, us"
    names["gbits"] = "Gbit/s"
    names["cpu-gb"] = "CPU, ms a GB"
    names["beside"] = "Gbit/s of the streams"
    names["resident"] = "resident, KiB each"
    names["at-rest"] = "resident at rest, KiB"
    aims["rate"] = aims["gbits"] = aims["beside"] = "more"
    peer_names["redial"] = "redial"
    peer_names["haproxy"] = "HAProxy"
    peer_names["nginx"] = "nginx"
    peer_names["direct"] = "direct"
}

function note(figure, x) {
    value[$1, $2, figure, $3] = x
    seen[$1, $2, figure] = 1
}

function count_latencies(list,    n, i, parts, pair) {
    n = split(list, parts, ",")
    for (i = 1; i <= n; i++) {
        split(parts[i], pair, ":")
        bucket[$1, $2, pair[1] + 0] += pair[2]
        total[$1, $2] += pair[2]
        if (!(pair[1] + 0 in is_edge)) {
            is_edge[pair[1] + 0] = 1
            edge[++edges] = pair[1] + 0
        }
    }
}

$4 ~ /=/ {
    split("", v)
    for (i = 4; i <= NF; i++) {
        split($i, pair, "=")
        v[pair[1]] = pair[2]
    }
    if ($3 > rounds)
        rounds = $3
    if ($1 == "idle") {
        note("at-rest", v["rss_before"])
        note("resident", (v["rss_after"] - v["rss_before"]) / v["opened"])
    } else if ($1 ~ /^stream/) {
        note("gbits", v["bytes"] * 8 / v["seconds"] / 1e9)
        if ($2 != "direct")
            note("cpu-gb", v["cpu"] * 1e3 / (v["bytes"] / 1e9))
    } else {
        note("rate", v["done"] / v["seconds"])
        note("p50", v["p50_us"])
        note("latency", v["p99_us"]) # its ratio is that of p99
        note("beside", v["beside"] * 8 / v["seconds"] / 1e9)
        if ($2 != "direct")
            note("cpu", v["cpu"] * 1e6 / v["done"])
        count_latencies(v["latency"])
    }
}

function sort_numbers(list, n,    i, j, x) {
    for (i = 2; i <= n; i++) {
        x = list[i]
        for (j = i - 1; j > 0 && list[j] > x; j--)
            list[j + 1] = list[j]
        list[j + 1] = x
    }
}

function median_of(list, n) {
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

# Four digits or so, whatever the size
function number(x,    size) {
    size = x < 0 ? -x : x
    return sprintf(size >= 1000 ? "%.0f" : size >= 100 ? "%.1f" : "%.2f", x)
}

# Microseconds: tenths say nothing above a hundred
function short_number(x,    size) {
    size = x < 0 ? -x : x
    return sprintf(size >= 100 ? "%.0f" : "%.1f", x)
}

function median(row, peer, figure,    list, n, r) {
    for (r = 1; r <= rounds; r++)
        if ((row, peer, figure, r) in value)
            list[++n] = value[row, peer, figure, r]
    sort_numbers(list, n)
    return n ? median_of(list, n) : ""
}

function percentile(row, peer, per_mille,    rank, below, i) {
    rank = int((total[row, peer] * per_mille + 999) / 1000)
    for (i = 1; i <= edges; i++) {
        below += bucket[row, peer, edge[i]]
        if (below >= rank)
            return short_number(edge[i] / 1000)
    }
}

# What a proxy adds to the direct way, within a round.
function add_differences(row, peer,    r) {
    for (r = 1; r <= rounds; r++) {
        if (!((row, peer, "p50", r) in value) || !((row, "direct", "p50", r) in value))
            continue
        value[row, peer, "added", r] = value[row, peer, "p50", r] - value[row, "direct", "p50", r]
        value[row, peer, "added-p99", r] = \
            value[row, peer, "latency", r] - value[row, "direct", "latency", r]
        seen[row, peer, "added"] = 1
    }
}

function cell(row, peer, figure) {
    if (!((row, peer, figure) in seen))
        return "-"
    if (figure == "latency")
        return percentile(row, peer, 500) " / " percentile(row, peer, 990) " / " \
               percentile(row, peer, 999)
    if (figure == "added")
        return short_number(median(row, peer, figure)) " / " \
               short_number(median(row, peer, "added-p99"))
    return number(median(row, peer, figure))
}

# Of a peer to HAProxy, within the rounds: sets ratio, ratio_least and ratio_most. False without.
function find_ratio(row, peer, figure,    list, n, r, base) {
    for (r = 1; r <= rounds; r++) {
        if (!((row, peer, figure, r) in value) || !((row, "haproxy", figure, r) in value))
            continue
        base = value[row, "haproxy", figure, r]
        if (base > 0 && value[row, peer, figure, r] > 0)
            list[++n] = value[row, peer, figure, r] / base
    }
    sort_numbers(list, n)
    ratio = n ? median_of(list, n) : 0
    ratio_least = n ? list[1] : 0
    ratio_most = n ? list[n] : 0
    return n > 0
}

function ratio_cell(row, peer, figure) {
    if (!find_ratio(row, peer, figure))
        return "-"
    return sprintf("%.2f (%.2f..%.2f)", ratio, ratio_least, ratio_most)
}

function print_cells(list, n,    i, line) {
    if (form == "markdown") {
        for (i = 1; i <= n; i++)
            line = line "| " list[i] " "
        print line "|"
    } else {
        for (i = 1; i <= n; i++)
            line = line sprintf(i == 1 ? "  %-36s" : " %22s", list[i])
        print line
    }
}

function print_header(    n, k, list) {
    list[++n] = form == "markdown" ? "" : titles[row_list[1]]
    for (k = 1; k <= peer_count; k++)
        list[++n] = peer_names[peer_list[k]]
    for (k = 1; k <= peer_count; k++)
        if (has_ratio(peer_list[k]))
            list[++n] = peer_names[peer_list[k]] " / HAProxy"
    print ""
    print_cells(list, n)
    if (form != "markdown")
        return
    for (k = 1; k <= n; k++)
        list[k] = "---"
    print_cells(list, n)
}

function has_ratio(peer) {
    return has_haproxy && peer != "haproxy" && peer != "direct"
}

function print_figure(row, figure,    n, k, list) {
    list[++n] = (form == "markdown" ? titles[row] ": " : "") names[figure]
    for (k = 1; k <= peer_count; k++)
        list[++n] = cell(row, peer_list[k], figure)
    for (k = 1; k <= peer_count; k++)
        if (has_ratio(peer_list[k]))
            list[++n] = ratio_cell(row, peer_list[k], figure)
    print_cells(list, n)
}

function print_ratios(row, figure,    k) {
    for (k = 1; k <= peer_count; k++)
        if (has_ratio(peer_list[k]) && find_ratio(row, peer_list[k], figure))
            printf "%s\t%s\t%s\t%s\t%.4f\t%.4f\t%.4f\n", titles[row], figure, \
                aims[figure] ? aims[figure] : "less", peer_list[k], ratio, ratio_least, ratio_most
}

END {
    sort_numbers(edge, edges)
    row_count = split(rows, row_list, " ")
    peer_count = split(peers, peer_list, " ")
    for (k = 1; k <= peer_count; k++)
        has_haproxy = has_haproxy || peer_list[k] == "haproxy"
    if (form != "ratios")
        print_header()
    for (i = 1; i <= row_count; i++) {
        for (k = 1; k <= peer_count; k++)
            if (peer_list[k] != "direct")
                add_differences(row_list[i], peer_list[k])
        count = split(figures[row_list[i]], figure_list, " ")
        for (f = 1; f <= count; f++) {
            if (form == "ratios")
                print_ratios(row_list[i], figure_list[f])
            else
                print_figure(row_list[i], figure_list[f])
        }
    }
}
