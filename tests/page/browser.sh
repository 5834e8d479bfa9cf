# shellcheck shell=sh
# Read after tests/real/lib.sh: a headless Chromium of the test's own, asked and told through
# chromedriver (W3C, "WebDriver").
# shellcheck disable=SC2154 # work, port and pid are lib.sh's

need_browser() {
    need curl
    need jq
    need chromium
    need chromedriver chromium-driver
}

# driver METHOD PATH [JSON]: the "value" of its answer, a text as it is
driver() {
    curl -s --max-time 300 -X "$1" -H 'Content-Type: application/json' ${3+-d "$3"} \
        "$driver${2:+/}$2" >"$work/answer" || fail "chromedriver does not answer" >&2
    jq -r '.value | if type == "object" and has("error") then .message | halt_error else . end' "$work/answer" ||
        fail "chromedriver, asked for $2" >&2
}

# start_browser: without a sandbox, which root may not have; what it shows is the test's own
start_browser() {
    start chromium chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync \
        --disable-dev-shm-usage --force-color-profile=srgb --user-data-dir="$work/profile" \
        --remote-debugging-port=0 --window-size=1280,900 about:blank
    until_ok 30 test -s "$work/profile/DevToolsActivePort"
    free_port
    start chromedriver chromedriver --port="$port"
    driver=http://127.0.0.1:$port
    until_ok 20 curl -sf "$driver/status"
    driver="$driver/session"
    session=$(driver POST "" "$(jq -n --arg at "127.0.0.1:$(head -n 1 "$work/profile/DevToolsActivePort")" '
        {capabilities: {alwaysMatch: {"goog:chromeOptions": {debuggerAddress: $at},
            "goog:loggingPrefs": {browser: "ALL"}}}}')" | jq -r .sessionId)
    driver=$driver/$session
    driver POST timeouts '{"script": 200000}' >/dev/null
}

go_to() {
    driver POST url "$(jq -n --arg url "$1" '{url: $url}')" >/dev/null
}

# js EXPRESSION: its value in the page, a text as it is; or what is wrong with it
js() {
    driver POST execute/sync "$(jq -n --arg script "try { return $1; } catch (e) { return 'error: ' + e.message; }" \
        '{script: $script, args: []}')"
}

# cdp COMMAND JSON: a command of the DevTools protocol
cdp() {
    driver POST goog/cdp/execute "$(jq -n --arg cmd "$1" --argjson params "$2" '{cmd: $cmd, params: $params}')"
}

# press KEY...: characters, or WebDriver's code points for the others
tab=$(printf '\356\200\204')
enter=$(printf '\356\200\207')
escape=$(printf '\356\200\214')
press() {
    driver POST actions "$(jq -n '{actions: [{type: "key", id: "keys", actions:
        [$ARGS.positional[] | {type: "keyDown", value: .}, {type: "keyUp", value: .}]}]}' --args "$@")" >/dev/null
}

# screen WIDTH HEIGHT SCHEME: a window of that size, light or dark
screen() {
    cdp Emulation.setDeviceMetricsOverride \
        "{\"width\": $1, \"height\": $2, \"deviceScaleFactor\": 1, \"mobile\": false}" >/dev/null
    cdp Emulation.setEmulatedMedia \
        "{\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$3\"}]}" >/dev/null
}

# console: what the browser has complained of since it was last asked
console() {
    driver POST se/log '{"type": "browser"}' | jq -r '.[].message'
}

screenshot() {
    driver GET screenshot | base64 -d >"$1"
}

# is EXPRESSION VALUE: whether it is that now
is() {
    [ "$(js "$1")" = "$2" ]
}

# shows EXPRESSION VALUE: waits, in the page, until it is that
shows() {
    got=$(driver POST execute/async "$(jq -n --arg value "$2" --argjson scale "${REDIAL_TEST_SCALE:-1}" --arg script "
        const [value, seconds, done] = arguments, end = Date.now() + seconds * 1000;
        (function look() {
            let now;
            try { now = String($1); } catch (e) { now = 'error: ' + e.message; }
            if (now === value || Date.now() > end)
                done(now);
            else
                setTimeout(look, 20);
        })()" '{script: $script, args: [$value, 15 * $scale]}')")
    [ "$got" = "$2" ] || fail "$1 is \"$got\", not \"$2\""
}
