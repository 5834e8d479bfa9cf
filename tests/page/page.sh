#!/bin/sh
# The status page in a real browser: it shows what the JSON says and follows it, keeps hostile text
# text, says when it is stale and recovers, fits a phone, works by keys, in light and dark, and with
# 1,000 upstreams.
srcdir=${srcdir:-.}
. "$srcdir/tests/real/lib.sh"
. "$srcdir/tests/page/browser.sh"
need_browser
! is_sanitized ./tests/page/server || skip "not applicable: a build with sanitizers" # what is tested runs in the browser

fixture=$srcdir/tests/page/status.json
cp "$fixture" "$work/status"
free_port
page_port=$port
serve() {
    start server ./tests/page/server "$page_port" "$work/status"
    server_pid=$pid
    until_ok 5 logged server ready
}

# change FILTER: the status from now on is what jq makes of it
change() {
    jq "$@" "$work/status" >"$work/status.new" || fail "jq $*"
    mv "$work/status.new" "$work/status"
}
reset() {
    cp "$fixture" "$work/status.new"
    mv "$work/status.new" "$work/status"
}

no_complaints() {
    complaints=$(console)
    [ -z "$complaints" ] || fail "the browser complains: $complaints"
}

# text SELECTOR: an expression, the words of the first such element; row NAME: an upstream's element
text() { printf 'document.querySelector(`%s`).textContent' "$1"; }
row() { printf '[...document.querySelectorAll(".upstream")].find(d => d.querySelector("bdi").textContent === `%s`)' "$1"; }
cell() { printf '%s.querySelectorAll("table")[%s].tBodies[0].rows[%s].cells[%s]' "$(row "$1")" "$2" "$3" "$4"; }

serve
start_browser
screen 1280 3000 light # what is out of sight is not drawn
go_to "http://127.0.0.1:$page_port/"
shows 'document.querySelectorAll(".upstream").length' 4

# --- what the JSON says ---------------------------------------------------------------------------

shows "$(text '#version')" 0.1.0
shows "$(text '#state')" serving
shows '[...document.querySelectorAll("#facts > div")].slice(1, 4).map(d => d.querySelector(".big").textContent).join("; ")' \
    "154 of 9,979; 3 of 4; 8 of 10"
shows "$(text '#facts > div:nth-child(5) .big')[0]" 3 # hours of uptime
shows "$(text '#facts > div:nth-child(6)').startsWith(\"Configuration3 generation/etc/redial, loaded \")" true
shows '[...document.querySelectorAll(".standing")].map(s => s.textContent.trim()).join("; ")' \
    "ready, 1 of 5 out; ready; not ready, no address, DNS servfail; ready, held"
shows "$(row orders).querySelector(\".way\").textContent" "127.0.0.1:3001, [::1]:3001 → orders.prod.internal:8080"
shows "[...$(row orders).querySelectorAll(\".figure\")].slice(1, 3).map(f => f.textContent).join(\"; \")" "141 open; 129 errors"
shows "$(row mail).querySelector(\".figure:last-child\").textContent" "– connect p50 / p99"
shows '[...document.querySelectorAll("#events b")].map(b => b.textContent).join("; ")' \
    "endpoint ejected; endpoints changed; dns failed; endpoint back; configuration reloaded; reload failed"
shows "$(text '#events .fields')" "upstream=orders  endpoint=10.0.2.15:8080  reason=timed-out  for_ms=32000"
shows 'document.querySelectorAll(".upstream[open]").length' 0

js "$(row orders).open = true" >/dev/null
shows "$(row orders).querySelectorAll(\"table\")[0].tBodies[0].rows.length" 5
shows "[...$(cell orders 0 0 0).parentNode.cells].map(c => c.textContent).join(\"|\")" "10.0.1.7:8080| up|36|125,012|0|27%|0.38 ms"
shows "$(cell orders 0 2 1).textContent.split(\"tried\")[0]" " ejectedtimed out, "
shows "$(cell orders 0 3 1).textContent" " upnot in the last answer"
shows "$(cell orders 0 4 1).querySelector(\"use\").getAttribute(\"href\")" "#i-half"
shows "$(cell orders 0 0 5).querySelector(\"i\").style.getPropertyValue(\"--part\")" 0.271
shows "$(cell orders 1 0 0).textContent" "A orders.prod.internal"
shows "$(cell orders 1 0 2).textContent.includes(\"5 addresses\")" true
shows "[3, 4, 5].map(i => [...$(row orders).querySelectorAll(\"table\")[1].tBodies[0].rows[0].cells][i].textContent).join(\"|\")" \
    "10 s|10 sits TTL|10.0.0.2:53"
shows "$(row orders).querySelector(\".totals\").textContent.includes(\"870.1 MiB to endpoints, 17.0 GiB back\")" true
js "$(row search).open = true" >/dev/null
shows "$(cell search 1 0 0).textContent.replace(/[0-9.]+ s/, \"N\")" "A search.prod.internalheld for N more; samples: an address leaves after 14 misses"
shows 'performance.getEntriesByType("resource").every(r => r.name.endsWith("/status"))' true
no_complaints
ok "the page shows what the JSON says"

# --- it follows ------------------------------------------------------------------------------------

js "window.kept = $(cell orders 0 0 0).parentNode" >/dev/null
change '.live = false | .upstreams[0] |= (.grow = 1000 | .wave = 0 | .connections.open = 142
    | .endpoints[0] |= (.state = "ejected" | .reason = "refused" | .back_in = 8)
    | .endpoints[2] |= (.state = "up" | .reason = null | .back_in = null)
    | .questions[0].due_in = 7)'
shows "$(row orders).querySelector(\".figure:nth-of-type(4) b\").textContent" 142
shows "$(cell orders 0 0 1).querySelector(\".state\").textContent + $(cell orders 0 0 1).querySelector(\"use\").getAttribute(\"href\")" " ejected#i-bad"
shows "$(cell orders 0 2 1).textContent" " up"
shows "window.kept === $(cell orders 0 0 0).parentNode" true
# a thousand a second, give or take what a poll's two moments are apart
shows "Math.abs($(row orders).querySelector(\".figure b\").textContent.replace(\",\", \"\") - 1000) <= 20" true
shows "$(row orders).querySelector(\".spark .area\").getAttribute(\"d\").length > 20" true
shows "$(row orders).querySelectorAll(\".graph path[d*=L]\").length" 5
# each poll says 8 s and 7 s anew; what lies between is the page's own count
js "(() => { window.counted = new Set();
    const watch = (node, pattern) => new MutationObserver(() => counted.add(String(pattern.exec(node.textContent))))
        .observe(node, {childList: true, subtree: true, characterData: true});
    watch($(cell orders 0 0 1), /in [78]\\.[0-9] s/);
    watch($(cell orders 1 0 1), /^[67]\\.[0-9] s/); })()" >/dev/null
shows '[...counted].filter(c => /^in 7/.test(c)).length >= 3 && [...counted].filter(c => /^6/.test(c)).length >= 3' true
change '.upstreams[0].ended["endpoint-reset"] += 4'
shows "$(row orders).querySelector(\".standing\").textContent.trim()" "ready, 1 of 5 out, 4 errors in a minute"
change '.upstreams[0].endpoints[1:] = [] | .upstreams[0].endpoints[0].address = "10.9.9.9:1" | del(.upstreams[1])'
shows "$(row orders).querySelectorAll(\"table\")[0].tBodies[0].rows.length + $(cell orders 0 0 0).textContent" "110.9.9.9:1"
shows '[...document.querySelectorAll(".upstream h3 bdi")].map(b => b.textContent).join(" ")' "orders mail search"
reset
shows '[...document.querySelectorAll(".upstream h3 bdi")].map(b => b.textContent).join(" ")' "orders sessions mail search"
# another process: what it counts begins at nothing
shows "$(row orders).querySelector(\".figure b\").textContent >= 0" true
js "(() => { window.rates = new Set();
    const rate = $(row orders).querySelector(\".figure b\");
    new MutationObserver(() => rates.add(rate.textContent)).observe(rate, {childList: true}); })()" >/dev/null
change '.started = "2026-11-25T23:00:00.000Z" | .uptime = 1 | .pid = 4343 | .upstreams[0].connections.opened = 5'
shows "$(text '#facts > div:nth-child(5)').includes(\"pid 4343\")" true
shows 'rates.has("–") && [...rates].every(r => r === "–" || r >= 0 && r < 100)' true
change '.config.last_error = {time: .now, errors: ["/etc/redial/upstreams.d/a.conf:3: no such key: lisen", "…"]}'
shows 'document.querySelector("#fault").hidden + document.querySelector("#fault li").textContent' \
    "false/etc/redial/upstreams.d/a.conf:3: no such key: lisen"
reset
shows 'document.querySelector("#fault").hidden' true
change '.upgrade.last_error = {time: .now, errors: ["it ended with status 1"]}'
shows 'document.querySelector("#fault").hidden + document.querySelector("#fault li").textContent' "falseit ended with status 1"
reset
shows 'document.querySelector("#fault").hidden' true
no_complaints
ok "it follows: counters, states, count-downs, who comes and goes, a new process, a failed reload and upgrade"

# --- hostile text ----------------------------------------------------------------------------------

# shellcheck disable=SC2016
change --arg evil '<img src=x onerror="document.title=1"><script>document.title=2</script>' '
    .version = $evil | .config.path = $evil | .config.last_error = {time: $evil, errors: [$evil]}
    | .upstreams[0] |= (.name = $evil | .balance = $evil | .listen = [$evil] | .target = [$evil] | .ended[$evil] = 1
        | .endpoints[0] |= (.address = $evil | .member = $evil | .state = $evil)
        | .endpoints[2].reason = $evil
        | .questions[0] |= (.name = $evil | .type = $evil | .last.outcome = $evil | .last.why = $evil | .last.server = $evil))
    | .upstreams[1].name = "__proto__" | .upstreams[2].name = "orders" | .upstreams[3].name = "orders"
    | .events[0] |= (.message = $evil | .level = $evil | .time = $evil | .fields = {($evil): $evil})'
evil='<img src=x onerror="document.title=1"><script>document.title=2</script>'
shows '[...document.querySelectorAll(".upstream h3 bdi")].map(b => b.textContent).join("; ")' "$evil; __proto__; orders; orders"
js 'document.querySelector(".upstream").open = true' >/dev/null
shows 'document.querySelector(".upstream td bdi").textContent' "$evil"
shows 'document.querySelector("#events b").textContent' "$evil"
shows 'document.querySelector(".upstream a").href.split("=")[1]' \
    '%3Cimg%20src%3Dx%20onerror%3D%22document.title%3D1%22%3E%3Cscript%3Edocument.title%3D2%3C%2Fscript%3E'
shows 'document.images.length + "," + document.scripts.length + "," + /^redial/.test(document.title)' "0,1,true"
no_complaints
# and were the page itself made to write HTML, the policy would stop it
is '(() => { try { document.body.innerHTML = "x"; return "written"; } catch { return "barred"; } })()' barred ||
    fail "HTML may be made out of text"
console >/dev/null
reset
shows '[...document.querySelectorAll(".upstream h3 bdi")].map(b => b.textContent).join(" ")' "orders sessions mail search"
ok "hostile names stay text"

# --- redial gone, and back -------------------------------------------------------------------------

js "$(row orders).open = true" >/dev/null
stop "$server_pid" 2>/dev/null || :
shows 'document.querySelector("#stale").hidden' false
shows "$(text '#stale-why')" "redial cannot be reached."
shows "/^Not live: stale since [0-9:]{8}, [1-9][0-9]* s\$/.test($(text '#stale-title'))" true
shows "$(text '#said')" "Not live any more."
shows "$(text '#fresh') + \", \" + document.title + \", \" + $(text '#state')" "not live, redial (not live), unknown"
frozen=$(js "$(cell orders 1 0 1).textContent")
shows "/, [4-9] s\$/.test($(text '#stale-title'))" true
is "$(cell orders 1 0 1).textContent" "$frozen" || fail "a count-down runs on without redial"
serve
shows 'document.querySelector("#stale").hidden' true
shows "$(text '#said') + $(text '#state')" "Live again.serving"
mv "$work/status" "$work/status.away"
shows "$(text '#stale-why')" "redial answers 503 Service Unavailable."
echo '{"upstreams": 5, "config": null}' >"$work/status"
shows "$(text '#stale-why').startsWith(\"What redial answers cannot be read: \")" true
reset
shows 'document.querySelector("#stale").hidden' true
shows "$(text '#state')" serving
others=$(console | grep -v -e ERR_CONNECTION_REFUSED -e 'status of 503' || :)
[ -z "$others" ] || fail "the browser complains: $others"
ok "redial gone: the page says that it is stale, and recovers by itself"

# --- sizes, schemes, motion ------------------------------------------------------------------------

long=$(printf '%063d.' 1 2 3 4 | cut -c 1-253)
change --arg long "$long" '.upstreams[0] |= (.name = $long | .target = [$long + ":80"] | .questions[0].name = $long
    | .endpoints[0].address = "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535")
    | .events[0].fields.name = $long | .connections.open = 1234567'
shows "$(row "$long").querySelector(\".way\").textContent.length > 250" true
js '[...document.querySelectorAll(".upstream")].forEach(d => { d.open = true; })' >/dev/null
shows 'document.querySelectorAll(".upstream table").length' 8
for width in 320 360 640 820 1060 1280 1920; do
    screen $width 800 light
    shows "innerWidth" $width
    is 'document.documentElement.scrollWidth <= document.documentElement.clientWidth' true ||
        fail "at $width the page is $(js document.documentElement.scrollWidth) wide"
    is '[...document.querySelectorAll(".upstream *, .facts *, #events *")].filter(n => n.getClientRects().length && !n.closest("svg, thead")
        && n.getBoundingClientRect().right > n.closest(".upstream, .facts, #events").getBoundingClientRect().right + 1).length' 0 ||
        fail "at $width something sticks out"
done
screen 360 800 light
js 'window.scrollTo(0, 0)' >/dev/null
# said SELECTOR: the role and the name that a screen reader hears
said() {
    element=$(driver POST element "$(jq -n --arg s "$1" '{using: "css selector", value: $s}')" | jq -r '.[]')
    echo "$(driver GET "element/$element/computedrole"): $(driver GET "element/$element/computedlabel")"
}
for pair in "#filter=searchbox: Filter by name, target or address" "table=table: Endpoints" "tbody tr=row: *" "tbody td=cell: *"; do
    heard=$(said "${pair%%=*}")
    # shellcheck disable=SC2254 # a pattern
    case $heard in
    ${pair#*=}) ;;
    *) fail "${pair%%=*} on a phone is heard as \"$heard\"" ;;
    esac
done
shows 'document.querySelectorAll("main").length + document.querySelectorAll("body > header, body > footer, nav").length' 4
shows '[...document.querySelectorAll("th")].every(h => h.scope === "col")' true
reset
shows '[...document.querySelectorAll(".upstream h3 bdi")].map(b => b.textContent).join(" ")' "orders sessions mail search"

# the least contrast of all texts with what is behind them (WCAG 2.1, 1.4.3)
contrast='(() => {
    const light = colour => {
        const [r, g, b] = colour.map(c => c / 255 <= .04045 ? c / 255 / 12.92 : ((c / 255 + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const parse = text => text.match(/[0-9.]+/g).map(Number);
    const behind = node => {
        for (; node; node = node.parentElement) {
            const colour = parse(getComputedStyle(node).backgroundColor);
            if (colour.length < 4 || colour[3] > 0)
                return colour;
        }
    };
    let least = 21;
    for (const node of document.querySelectorAll("body *"))
        if (node.getClientRects().length && [...node.childNodes].some(c => c.nodeType === 3 && c.data.trim())) {
            const pair = [parse(getComputedStyle(node).color), behind(node)].map(c => light(c.slice(0, 3)));
            least = Math.min(least, (Math.max(...pair) + .05) / (Math.min(...pair) + .05));
        }
    return least.toFixed(2);
})()'
ground='getComputedStyle(document.body).backgroundColor'
screen 1280 900 dark
shows "$ground" "rgb(14, 19, 25)"
dark=$(js "$contrast")
screen 1280 900 light
shows "$ground" "rgb(244, 246, 248)"
light=$(js "$contrast")
echo "    least contrast of a text: light $light, dark $dark"
awk -v a="$light" -v b="$dark" 'BEGIN { exit !(a >= 4.5 && b >= 4.5) }' || fail "a text is too pale"
motion="getComputedStyle(document.querySelector(\".share i\"), \"::before\").transitionDuration"
js "$(row orders).open = true" >/dev/null
shows "$motion" 0.4s
cdp Emulation.setEmulatedMedia '{"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}' >/dev/null
shows "$motion" 0s
no_complaints
ok "it fits 320 to 1920 pixels, in light and dark, and keeps still when asked to"

# --- keys ------------------------------------------------------------------------------------------

screen 1280 900 light
go_to "http://127.0.0.1:$page_port/"
shows 'document.querySelectorAll(".upstream").length' 4
at='(() => { const n = document.activeElement; return n.id || n.className || (n.localName === "summary" ? n.querySelector("bdi") : n).textContent; })()'
visible='getComputedStyle(document.activeElement).outlineStyle'
for place in skip filter troubled orders sessions mail search status; do
    press "$tab"
    shows "$at" "$place"
    is "$visible" solid || fail "the focus cannot be seen on $place"
done
press /
shows "$at" filter
press 1 0 . 0 . 4
shows 'document.querySelector("#filter").value + " " + document.querySelector("#shown").textContent' "10.0.4 1 of 4 shown"
is '[...document.querySelectorAll(".upstream")].filter(d => !d.hidden).map(d => d.querySelector("bdi").textContent).join()' search ||
    fail "the filter shows another"
press x
shows 'document.querySelector("#none").hidden + document.querySelector("#none").textContent' "falseNo upstream is like this."
press "$escape"
shows 'document.querySelector("#filter").value + document.querySelector("#shown").textContent' 4
press "$tab" ' '
shows 'document.querySelector("#shown").textContent' "3 of 4 shown"
press ' ' "$tab" "$enter"
shows "$(row orders).open && $(row orders).querySelectorAll(\"table\").length" 2
press "$tab"
shows 'document.activeElement.textContent' "Explain: every answer and change"
js 'document.querySelector(".skip").focus()' >/dev/null
press "$enter" "$tab"
shows "$at" filter
ok "keys reach all of it, in order, and the focus is seen"

# --- many ------------------------------------------------------------------------------------------

change '.upstreams[0].endpoints = [range(60) as $i | .upstreams[0].endpoints[if $i == 55 then 2 else 0 end] | .address = "10.1.0.\($i):80"]'
shows "$(row orders).querySelectorAll(\"table\")[0].tBodies[0].rows.length + $(row orders).querySelector(\"button\").textContent" \
    "50Show all 60 endpoints"
is "$(cell orders 0 0 0).textContent" 10.1.0.55:80 || fail "the ejected one is not first"
js "$(row orders).querySelector(\"button\").click()" >/dev/null
shows "$(row orders).querySelectorAll(\"table\")[0].tBodies[0].rows.length + \" \" + $(row orders).querySelector(\"button\").hidden" "60 true"

# shellcheck disable=SC2016 # jq's
jq --argjson many 1000 -f "$srcdir/tests/page/many.jq" "$fixture" >"$work/status.new"
mv "$work/status.new" "$work/status"
shows 'document.querySelectorAll(".upstream").length' 1000
js "$(row service-0).open = true" >/dev/null
shows "$(row service-0).querySelectorAll(\"table\").length" 2
js '(() => { window.longest = 0; window.added = 0;
    new PerformanceObserver(list => list.getEntries().forEach(e => { longest = Math.max(longest, e.duration); })).observe({type: "longtask"});
    new MutationObserver(all => all.forEach(m => m.addedNodes.forEach(n => { added += n.nodeType === 1 ? 1 : 0; })))
        .observe(document.querySelector("#list"), {childList: true, subtree: true}); })()' >/dev/null
for open in 7001 7002 7003; do
    # shellcheck disable=SC2016 # jq's
    change --argjson open $open '.upstreams[].connections.open = $open'
    shows "$(row service-999).querySelector(\".figure:nth-of-type(4) b\").textContent" "7,00${open#700}"
done
is added 0 || fail "$(js added) elements were made anew by three updates"
longest=$(js 'Math.round(longest)')
echo "    1,000 upstreams: the page was busy for $longest ms at a time at most"
[ "$longest" -lt "$((500 * ${REDIAL_TEST_SCALE:-1}))" ] || fail "an update of 1,000 upstreams took $longest ms"
js 'document.activeElement.blur()' >/dev/null
press / s e r v i c e - 9 9
shows 'document.querySelector("#shown").textContent' "11 of 1,000 shown"
no_complaints
ok "1,000 upstreams: nothing is made anew by an update, and the filter finds"
