#!/bin/sh
# The examples of the manual are what they say: configurations that redial takes, and commands.
# shellcheck source=tests/man/lib.sh
. "$(dirname "$0")/lib.sh"

# --- redial.conf(5): the first line of each says which file it is ----------------------------

section "$keys_page" EXAMPLES | displays "$work/files"
[ -e "$work/files/3" ] || fail "redial.conf(5) has fewer than three examples"
for example in "$work"/files/*; do
    file=$(sed -n '1s|^# /etc/redial/||p' "$example")
    case $file in
    redial.conf) tree "$example.d" ;;
    upstreams.d/*.conf) mkdir -p "$example.d/upstreams.d" ;;
    *)
        fail "the first line of an example does not name its file: $(head -n 1 "$example")"
        continue
        ;;
    esac
    cp "$example" "$example.d/$file"
    check "the example of $file in redial.conf(5)" --config "$example.d"
done

# --- redial(8): commands, which here only check ----------------------------------------------

tree "$work/etc"
section "$daemon_page" EXAMPLES | displays "$work/commands"
[ -e "$work/commands/3" ] || fail "redial(8) has fewer than three examples"
cat >"$work/prelude" <<END
redial() {
    for argument; do
        shift
        case \$argument in
        --resolve) continue ;; # would ask the DNS servers of this host
        /etc/redial) argument=$work/etc ;;
        esac
        set -- "\$@" "\$argument"
    done
    asked=yes
    "$redial" --check "\$@"
}
END
for example in "$work"/commands/*; do
    # shellcheck disable=SC2016 # it is for the shell that reads it
    { cat "$work/prelude" "$example" && echo 'test "$asked"'; } >"$example.sh"
    sh -eu "$example.sh" >"$work/said" 2>&1 || fail "an example of redial(8) fails:
$(cat "$example" "$work/said")"
done
exit $status
