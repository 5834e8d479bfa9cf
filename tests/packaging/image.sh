#!/bin/sh
# The container image is built as the Containerfile says, has nothing in it that need not be, and is
# the same each time; and redial is at home in it (image-run.sh).
. "${srcdir:-.}/tests/real/lib.sh"
top=$(cd "${srcdir:-.}" && pwd)
need buildah
need podman
need runc
need jq
need curl
need nginx
need dnsmasq dnsmasq-base
need ip iproute2
need unshare util-linux
need dpkg-query dpkg
[ "$(id -u)" -eq 0 ] || skip "building an image and running containers need root"
! is_sanitized "$redial" || skip "not applicable: a build with sanitizers"
unshare --net true 2>/dev/null || skip "network namespaces are not allowed here"
awk '$3 ~ /^cgroup/ { found = 1 } END { exit !found }' /proc/mounts || skip "no control groups are mounted here"
[ -L /bin ] || skip "the programs of this host are not all below /usr"

# Everything of buildah and podman is in here, but for one cache, and nothing of it stays behind.
cache=/var/lib/containers/cache/blob-info-cache-v1.boltdb
had_cache=no
[ ! -e $cache ] || had_cache=yes
# shellcheck disable=SC2317 # lib.sh calls it
at_end() {
    [ "$had_cache" = yes ] || rm -f "$cache"
    rmdir -p "${cache%/*}" 2>/dev/null || :
}
export CONTAINERS_CONF="$work/containers.conf" CONTAINERS_STORAGE_CONF="$work/storage.conf"
mkdir "$work/volumes" "$work/static" "$work/run" "$work/tmp"
cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "vfs"
graphroot = "$work/storage"
runroot = "$work/run"
CONF
cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runtime"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
static_dir = "$work/static"
tmp_dir = "$work/tmp"
volume_path = "$work/volumes"
[engine.runtimes]
runtime = ["$work/runtime"]
CONF
# its state would be in /run
printf '#!/bin/sh\nexec runc --root "%s" "$@"\n' "$work/state" >"$work/runtime"
chmod +x "$work/runtime"

# --- the task definition of README.md, which the container is run by ---------------------------------

awk '/^```/ { on = /json/ && !seen++; next } on' "$top/README.md" >"$work/task.json"
jq -e '[.containerDefinitions[] | select(.dependsOn == [{containerName: "redial", condition: "HEALTHY"}])] | length == 1' \
    "$work/task.json" >/dev/null || fail "README.md has no task definition that is JSON and has an application wait for redial"
jq '.containerDefinitions[] | select(.name == "redial")' "$work/task.json" >"$work/definition.json"
[ -s "$work/definition.json" ] || fail "the task definition of README.md has no container redial"
ok "the task definition of README.md is JSON, and its application waits for redial"

# --- building ----------------------------------------------------------------------------------------

image=localhost/redial-test
build() {
    began=$(date +%s)
    "$top/packaging/container/make-image" --base host "$1" >"$work/build.log" 2>&1 || fail "the image cannot be built"
    took=$(($(date +%s) - began))
}

property() { podman image inspect --format "$1" "$image"; }
build $image
size=$(property '{{.Size}}')
limit=6000000
[ "$size" -le $limit ] || fail "the image has $size bytes, more than $limit"
[ "$(property '{{.Config.User}}')" = 65532:65532 ] || fail "its user is $(property '{{.Config.User}}')"
[ "$(property '{{len .RootFS.Layers}}')" -eq 1 ] || fail "it has more than one layer"
first="$(property '{{.Id}}') $(property '{{.Digest}}')"
ok "the image was built in $took s, and has $size bytes"

# Another time of the files, and another name of the directory, change nothing. It takes as long as all
# the rest: make check-image does it.
if [ -n "${REDIAL_IMAGE_TWICE-}" ]; then
    mkdir "$work/again"
    for entry in .dockerignore LICENSE configure.ac Makefile.am src man conf packaging; do
        cp -R "$top/$entry" "$work/again/"
    done
    (cd "$top" && find tests cloudformation -name local.mk -exec cp --parents {} "$work/again/" \;)
    top=$work/again
    build $image
    second="$(property '{{.Id}}') $(property '{{.Digest}}')"
    [ "$first" = "$second" ] || fail "two builds of one source differ: $first, $second"
    ok "built again in $took s: the same digest, ${second#* }"
fi

# --- running -----------------------------------------------------------------------------------------

export REDIAL_IMAGE=$image REDIAL_DEFINITION="$work/definition.json"
status=0
TMPDIR=$work unshare --net sh "${srcdir:-.}/tests/packaging/image-run.sh" || status=$?
exit $status
