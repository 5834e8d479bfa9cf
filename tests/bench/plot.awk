# An SVG of the ratios to HAProxy, from "TITLE FIGURE less|more PEER RATIO LEAST GREATEST" in lines
# cut by tabs (report.awk, form=ratios). -v versions="..." is the line below the title. Bars begin
# at HAProxy's 1.0, on a logarithmic axis: half and twice are equally far from it.

BEGIN {
    FS = "\t"
    section_of["cpu"] = section_of["cpu-gb"] = 1
    section_of["latency"] = 2
    section_of["added"] = 3
    section_of["resident"] = section_of["at-rest"] = 4
    section_of["rate"] = section_of["gbits"] = section_of["beside"] = 5
    sections = 5
    section_titles[1] = "CPU time"
    section_titles[2] = "Latency, p99"
    section_titles[3] = "Latency above a direct connection, p50"
    section_titles[4] = "Memory"
    section_titles[5] = "Throughput, on full CPUs"
    color["redial"] = "#1d6fd6"
    color["nginx"] = "#a3acb8"
    muted = "fill=\"#57606a\""
    least = 0.5
    most = 2
}

{
    line = $2 == "at-rest" ? "The process at rest" : $1
    s = section_of[$2]
    if (!((s, line) in place)) {
        place[s, line] = ++lines[s]
        name[s, lines[s]] = line
    }
    n = place[s, line]
    aim[s] = $3
    if (!($4 in is_peer)) {
        is_peer[$4] = 1
        peer[++peers] = $4
    }
    ratio[s, n, $4] = $5
    low[s, n, $4] = $6
    high[s, n, $4] = $7
    if ($5 > 0.01 && $5 < least)
        least = $5
    if ($5 > most)
        most = $5
}

function x_of(r) {
    if (r < least)
        r = least
    if (r > most)
        r = most
    return left + width * (log(r) - log(least)) / (log(most) - log(least))
}

function text(x, y, attributes, string) {
    gsub(/&/, "\\&amp;", string)
    gsub(/</, "\\&lt;", string)
    printf "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, attributes, string
}

function line_to(x1, y1, x2, y2, stroke) {
    printf "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, stroke
}

function box(x, y, w, h, fill) {
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", x, y, w, h, fill
}

function draw_bar(y, s, n, p,    from, to) {
    from = x_of(1)
    to = x_of(ratio[s, n, p])
    if (from < to)
        box(from, y, to - from, bar, color[p])
    else
        box(to, y, from - to, bar, color[p])
    line_to(x_of(low[s, n, p]), y + bar / 2, x_of(high[s, n, p]), y + bar / 2, "#30363d")
}

# The name of a section, what is good in it, and its grid.
function draw_section(y, s,    n, k, bottom) {
    text(12, y - 7, "font-weight=\"600\" font-size=\"13\"", section_titles[s])
    text(left + width, y - 7, muted " text-anchor=\"end\"", \
        aim[s] == "more" ? "more is better →" : "← less is better")
    bottom = y + lines[s] * step + 4
    n = split("0.12 0.25 0.5 0.75 1 1.5 2 3 4 6 8", grid, " ")
    for (k = 1; k <= n; k++)
        if (grid[k] >= least * 0.999 && grid[k] <= most * 1.001)
            line_to(x_of(grid[k]), y, x_of(grid[k]), bottom, grid[k] == 1 ? "#30363d" : "#e3e7ec")
}

function draw_lines(y, s,    n, k, p, top) {
    for (n = 1; n <= lines[s]; n++) {
        top = y + 4 + (n - 1) * step
        text(left - 10, top + 13, "text-anchor=\"end\"", name[s, n])
        for (k = 1; k <= peers; k++) {
            p = peer[k]
            if (!((s, n, p) in ratio))
                continue
            draw_bar(top + (k - 1) * (bar + 1), s, n, p)
            text(left + width + k * 52, top + 13, \
                "text-anchor=\"end\" " (p == "redial" ? "font-weight=\"600\"" : muted), \
                sprintf("%.2f", ratio[s, n, p]))
        }
    }
}

function draw_axis(y,    n, k) {
    n = split("0.12 0.25 0.5 1 2 4 8", grid, " ")
    for (k = 1; k <= n; k++)
        if (grid[k] >= least * 0.999 && grid[k] <= most * 1.001)
            text(x_of(grid[k]), y, muted " text-anchor=\"middle\"", \
                grid[k] == 1 ? "HAProxy" : grid[k] "x")
    for (k = 1; k <= peers; k++)
        text(left + width + k * 52, y, muted " text-anchor=\"end\"", peer[k])
}

function draw_legend(x, y,    k) {
    for (k = 1; k <= peers; k++) {
        box(x, y - 10, 12, 12, color[peer[k]])
        text(x + 17, y, "", peer[k])
        x += 70
    }
    text(x, y, muted, "thin line: from the least to the greatest ratio of a round")
}

END {
    left = 250
    width = 385
    bar = 8
    step = 24
    head = 110
    gap = 36
    height = head
    for (s = 1; s <= sections; s++)
        if (lines[s])
            height += lines[s] * step + gap
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"780\" height=\"%d\" ", height
    printf "viewBox=\"0 0 780 %d\" font-size=\"12\" fill=\"#1f2328\" ", height
    print "font-family=\"system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif\">"
    print "<title>redial and nginx as ratios to HAProxy</title>"
    box(0, 0, 780, height, "#ffffff")
    text(12, 26, "font-size=\"17\" font-weight=\"600\"", "What redial costs, as ratios to HAProxy")
    text(12, 46, muted, versions)
    draw_legend(12, 66)
    y = head
    draw_axis(y - 22)
    for (s = 1; s <= sections; s++) {
        if (!lines[s])
            continue
        draw_section(y, s)
        draw_lines(y, s)
        y += lines[s] * step + gap
    }
    print "</svg>"
}
