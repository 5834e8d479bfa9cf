#!/bin/sh
# redial under a real systemd: each file beside this one is a story of its own, in a fresh boot of the
# same root.
here=${srcdir:-.}/tests/systemd
. "${srcdir:-.}/tests/real/lib.sh"
# shellcheck source=tests/systemd/lib.sh
. "$here/lib.sh"

made=$(date +%s)
prepare
echo "    the root was made in $(($(date +%s) - made)) s"
for story in ${STORIES:-redial puppet}; do
    boot
    # shellcheck source=/dev/null
    . "$here/$story.sh"
    halt
done
