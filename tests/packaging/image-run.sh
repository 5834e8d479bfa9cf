#!/bin/sh
# The image $REDIAL_IMAGE, as the container definition $REDIAL_DEFINITION of a task says, which is an
# object of ECS: run by image.sh in a network namespace that is that of the task.
. "${srcdir:-.}/tests/real/lib.sh"
at_end() { podman rm -f -t 0 --all >/dev/null 2>&1 || :; }
ip link set lo up

start_nginx 127.0.0.2 3000
start_nginx 127.0.0.3 3000
records 127.0.0.2 127.0.0.3
free_port() { port=53; } # as resolv.conf wants it
start_dnsmasq 1

# definition FILTER: what jq(1) finds in it
definition() { jq -r "$1" "$REDIAL_DEFINITION"; }

# run NAME OPTION...: as ECS would, with the image of this test, names of this test, and no upstream more
run() {
    name=$1
    shift
    set -- "$@" --stop-timeout "$(definition .stopTimeout)"
    [ "$(definition .readonlyRootFilesystem)" != true ] || set -- "$@" --read-only --read-only-tmpfs=false
    for capability in $(definition '.linuxParameters.capabilities.drop[]'); do set -- "$@" --cap-drop "$capability"; done
    podman run --detach --name "$name" --network host --dns 127.0.0.1 --security-opt no-new-privileges \
        --log-opt "path=$work/$name.log" "$@" "$REDIAL_IMAGE" >"$work/podman.log" 2>&1 ||
        fail "the container cannot be started"
}
inspect() { podman inspect --format "$1" "$name"; }
ctl() { podman exec "$name" redialctl "$@"; }
# expect STATUS WORD...: what redialctl exits with
expect() {
    wanted=$1 status=0
    shift
    ctl "$@" >"$work/ctl.log" 2>&1 || status=$?
    [ $status -eq "$wanted" ] || fail "redialctl $*: exit status $status, not $wanted"
}

upstreams=$(definition '.environment[] | select(.name == "REDIAL_UPSTREAMS").value' | sed 's/name\.internal/name.svc.test/')
case $upstreams in
127.0.0.1:3001=name.svc.test:3000) ;;
*) fail "the definition has other upstreams than this test: $upstreams" ;;
esac

# --- it serves ---------------------------------------------------------------------------------------

run redial -e "REDIAL_UPSTREAMS=$upstreams"
until_ok 20 logged redial "endpoints changed" " count=2"
ask 3001 200
expect_share 100 127.0.0.2 127.0.0.3
ok "one variable is enough: 200 requests over two backends, 100 each"

redial_pid=$(inspect '{{.State.Pid}}')
cat "/proc/$redial_pid/status" >"$work/status.log"
held() { awk -v name="$1:" '$1 == name { print $NF }' "$work/status.log"; }
[ "$(held NSpid)" -eq 1 ] || fail "redial is not process 1"
[ "$(held Name)" = redial ] || fail "process 1 is $(held Name)"
[ "$(awk '/^[UG]id:/ { print $2, $3, $4, $5 }' "$work/status.log" | sort -u)" = "65532 65532 65532 65532" ] ||
    fail "it runs as $(awk '/^[UG]id:/' "$work/status.log")"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    [ "$(held $set | tr -d 0)" = "" ] || fail "it has capabilities: $set $(held $set)"
done
[ "$(held NoNewPrivs)" -eq 1 ] || fail "it could get privileges"
awk '$5 == "/" { print $6 }' "/proc/$redial_pid/mountinfo" | grep -q '^ro\>' || fail "its root can be written to"
ok "redial is process 1, user 65532, without capabilities, on a read-only root"

# --- the health check --------------------------------------------------------------------------------

# What ECS is told to do is what the image says to others.
inspect '{{json .Config.Healthcheck}}' | jq -S '.Interval /= 1e9 | .Timeout /= 1e9 | .StartPeriod /= 1e9' >"$work/image.json"
definition '.healthCheck | {Test: .command, Interval: .interval, Timeout: .timeout, StartPeriod: .startPeriod, Retries: .retries}' |
    jq -S . >"$work/task.json"
cmp "$work/image.json" "$work/task.json" || fail "the health check of the task definition is not that of the image"
[ "$(inspect '{{.State.Health.Status}}')" = starting ] || fail "before a check it is $(inspect '{{.State.Health.Status}}')"
podman healthcheck run redial >"$work/health.log" 2>&1 || fail "the health check fails"
[ "$(inspect '{{.State.Health.Status}}')" = healthy ] || fail "after a check it is $(inspect '{{.State.Health.Status}}')"
expect 0 ready
kill -STOP "$redial_pid"
! podman healthcheck run redial >"$work/health.log" 2>&1 || fail "the health check does not see that redial hangs"
kill -CONT "$redial_pid"
podman healthcheck run redial >"$work/health.log" 2>&1 || fail "the health check goes on failing"
ok "the health check: healthy, not while redial hangs, and healthy again"

expect 0 config
grep -qx 'stop-mode = linger' "$work/ctl.log" || fail "stop-mode is not linger by default"
expect 0 status
expect 1 drain 127.0.0.2:3000 # TCP is to read alone

# --- it outlives the application ---------------------------------------------------------------------

# An application in the middle of a request, which it ends when it is told to.
mkfifo "$work/go"
# shellcheck disable=SC2016 # for the inner shell
start application timeout 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/3001
    printf "GET / HTTP/1.0\r\n" >&3; read -r <"$1"; printf "\r\n" >&3; cat <&3' bash "$work/go"
application=$pid
connected() { curl -sf http://127.0.0.1:7334/metrics | grep -q '^redial_upstream_connections{.*} 1$'; }
until_ok 10 connected
start stop podman stop redial
stop_pid=$pid
until_ok 10 logged redial " stopping " connections=1
ask 3001 20
curl -sf http://127.0.0.1:7334/healthz >"$work/health.log" || fail "it is not healthy while it waits for the application"
kill -0 "$stop_pid" || fail "it did not wait for the application"
ok "told to stop while the application works: it goes on accepting"
echo >"$work/go"
wait "$application" || fail "the application's connection was cut"
tail -n 1 "$work/application.log" | grep -qx '127\.0\.0\.[23]' || fail "the application got no answer"
wait "$stop_pid" || fail "podman stop failed"
[ "$(inspect '{{.State.ExitCode}}')" -eq 0 ] || fail "exit status $(inspect '{{.State.ExitCode}}')"
logged redial " stopped connections_cut=0" || fail "it cut connections"
ok "when the application was done, redial ended by itself, with exit status 0"
podman rm redial >/dev/null 2>&1

# --- other starts ------------------------------------------------------------------------------------

run other -e "REDIAL_UPSTREAMS=$upstreams 127.0.0.1:3002=missing.svc.test:3000" -e REDIALCTL_SOCKET=/run/redial/admin.sock \
    -e REDIAL_SET="redial.stop-mode=drain redial.log-format=json redial.admin=unix:/run/redial/admin.sock"
until_ok 20 logged other '"endpoints changed"'
expect 0 healthy
expect 1 ready
grep -q 127.0.0.1:3002 "$work/ctl.log" || fail "ready does not say what is missing"
expect 0 config
grep -qx 'stop-mode = drain' "$work/ctl.log" || fail "REDIAL_SET does not go before the image's file"
expect 0 drain 127.0.0.2:3000
ask 3001 10
expect_share 10 127.0.0.3
ok "with a socket in the volume of the image, it can be steered"
podman stop other >/dev/null 2>&1
ok "an upstream that is not there yet leaves it healthy; REDIAL_SET goes before what the image says"

run empty
until_ok 10 logged empty 'there is no upstream'
ok "without an upstream it says so"
