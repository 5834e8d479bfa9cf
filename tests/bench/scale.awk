# Draws what make bench-scale measured, from lines "KEY X Y", as an SVG of four plots.

{
    n[$1]++
    x[$1, n[$1]] = $2
    y[$1, n[$1]] = $3
}

function text(at_x, at_y, anchor, size, words) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\">%s</text>\n", at_x, at_y, anchor, size, words
}

# 1, 2 or 5 times a power of ten, so that no more than five of them reach the top
function step_for(top,    step) {
    step = 10 ^ int(log(top) / log(10) - 2)
    while (top / step > 5)
        step *= (top / step / 2 <= 5) ? 2 : (top / step / 5 <= 5) ? 5 : 10
    return step
}

function place_x(value) {
    if (log_x)
        value = log(value) / log(10)
    return left + width * (value - x_least) / (x_most - x_least)
}

function place_y(value) {
    return bottom - height * value / y_most
}

function count_text(value) {
    return value >= 1000 ? sprintf("%g,%03d", int(value / 1000), value % 1000) : sprintf("%g", value)
}

# The frame and its scales, around the points of these keys.
function frame(column, row, title, below, keys,    key, count, i, k, value, step) {
    left = 70 + column * 460
    bottom = 300 + row * 380
    width = 360
    height = 220
    x_least = log_x ? 99 : 0
    x_most = y_most = 0
    count = split(keys, key, " ")
    for (k = 1; k <= count; k++)
        for (i = 1; i <= n[key[k]]; i++) {
            value = log_x ? log(x[key[k], i]) / log(10) : x[key[k], i]
            x_least = value < x_least ? value : x_least
            x_most = value > x_most ? value : x_most
            y_most = y[key[k], i] > y_most ? y[key[k], i] : y_most
        }
    if (limit > y_most)
        y_most = limit
    y_most *= 1.1
    step = step_for(y_most)
    text(left, bottom - height - 18, "start", 14, title)
    text(left + width / 2, bottom + 36, "middle", 12, below)
    for (value = 0; value <= y_most; value += step) {
        printf "<path d=\"M%.1f %.1fh%d\" stroke=\"#ddd\"/>\n", left, place_y(value), width
        text(left - 6, place_y(value) + 4, "end", 11, count_text(value))
    }
    if (log_x) {
        for (value = 1; log(value) / log(10) <= x_most + 0.001; value *= 10)
            if (log(value) / log(10) >= x_least)
                text(place_x(value), bottom + 18, "middle", 11, count_text(value))
    } else {
        for (value = 0; value <= x_most; value += step_for(x_most))
            text(place_x(value), bottom + 18, "middle", 11, count_text(value))
    }
    drawn = 0
}

function line(key, name,    i) {
    if (!n[key])
        return
    printf "<path fill=\"none\" stroke-width=\"2\" stroke=\"%s\" d=\"", colour[drawn]
    for (i = 1; i <= n[key]; i++)
        printf "%s%.1f %.1f", i == 1 ? "M" : "L", place_x(x[key, i]), place_y(y[key, i])
    print "\"/>"
    for (i = 1; i <= n[key]; i++)
        printf "<circle r=\"3\" fill=\"%s\" cx=\"%.1f\" cy=\"%.1f\"/>\n", colour[drawn], place_x(x[key, i]), place_y(y[key, i])
    printf "<path stroke=\"%s\" stroke-width=\"2\" d=\"M%.1f %.1fh18\"/>\n", colour[drawn], left, bottom + 52 + 15 * drawn
    text(left + 24, bottom + 56 + 15 * drawn++, "start", 11, name)
}

END {
    colour[0] = "#1f5fa8"
    colour[1] = "#c2541a"
    colour[2] = "#3a8a3a"
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"920\" height=\"800\" viewBox=\"0 0 920 800\" font-family=\"sans-serif\" fill=\"#222\">"
    print "<rect width=\"920\" height=\"800\" fill=\"white\"/>"
    text(460, 30, "middle", 17, "redial: what many upstreams, addresses and connections cost")
    for (i = 1; i <= n["memory"]; i++) {
        x["wanted", i] = x["memory", i]
        y["wanted", i] = 6144 + 4 * (x["memory", i] - 1)
    }
    n["wanted"] = n["memory"]
    frame(0, 0, "Resident memory, KiB", "upstreams, 8 addresses each", "memory wanted")
    line("memory", "at rest, 2 threads")
    line("wanted", "the most wanted: 6 MiB, and 4 KiB for each further one")
    frame(1, 0, "Milliseconds", "upstreams", "listening reload")
    line("listening", "from the start until all sockets listen")
    line("reload", "a reload that finds nothing changed")
    log_x = 1
    frame(0, 1, "Instructions of a short connection, in user space", "addresses of the upstream", "cost-round-robin cost-least-connections cost-random-two")
    line("cost-round-robin", "round-robin")
    line("cost-least-connections", "least-connections")
    line("cost-random-two", "random-two")
    limit = 1024
    frame(1, 1, "Bytes of memory a connection", "idle connections", "idle")
    printf "<path stroke=\"#888\" stroke-dasharray=\"5 4\" d=\"M%.1f %.1fh%d\"/>\n", left, place_y(limit), width
    line("idle", "resident; dashed: 1 KiB")
    print "</svg>"
}
