/* One text, given to everything that reads a value. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "config/listen.h"
#include "config/model.h"
#include "config/options.h"
#include "config/target.h"
#include "config/value.h"
#include "input.h"
#include "option_check.h"
#include "target.h"

/* A refusal says why. */
static bool accepted(int result, const char *const *why)
{
    expect(result >= 0 || (result == -EINVAL && *why && **why));
    return result >= 0;
}

static void check_round_trip(const struct address *address)
{
    char text[ADDRESS_TEXT_MAX], again[ADDRESS_TEXT_MAX];
    struct address parsed;
    const char *why = NULL;
    address_format(address, text);
    expect(accepted(address_parse(text, &parsed, &why), &why));
    expect(address_equal(address, &parsed));
    expect(strcmp(address_format(&parsed, again), text) == 0);
}

static void try_address(const char *text)
{
    struct address address, ip;
    const char *why = NULL;
    uint16_t port;
    if (accepted(address_parse(text, &address, &why), &why))
        check_round_trip(&address);
    if (address_parse_ip(text, 1, &ip)) {
        expect(address_port(&ip) == 1);
        check_round_trip(&ip);
        expect(address_parse(text, &address, &why) < 0); /* a port is missing */
    }
    if (address_parse_port(text, &port) == 0) {
        char number[8];
        expect(port > 0);
        snprintf(number, sizeof number, "%u", port);
        expect(strcmp(number, text + strspn(text, "0")) == 0);
    }
}

static void try_network(const char *text)
{
    struct network network, again;
    const char *why = NULL;
    char form[ADDRESS_TEXT_MAX + 8];
    if (!accepted(network_parse(text, &network, &why), &why))
        return;
    expect(network.prefix <= (network.address.family == AF_INET6 ? 128u : 32u));
    bool mapped =
        network.address.family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&network.address.in6.sin6_addr);
    expect(mapped || network_contains(&network, &network.address));
    /* The address ends before its slash. */
    snprintf(form, sizeof form, "%.*s/%u", (int)strcspn(text, "/"), text, network.prefix);
    expect(accepted(network_parse(form, &again, &why), &why));
    expect(address_equal(&network.address, &again.address) && network.prefix == again.prefix);
}

static void check_listen(const struct listen *listen, int count, const char *text)
{
    if (listen_is_unix(listen)) {
        expect(count == 1 && listen->path[0] == '/' && listen->mode <= 0777);
        expect(strlen(listen->path) <= LISTEN_PATH_MAX);
    } else if (listen_is_systemd(listen)) {
        char form[LISTEN_TEXT_MAX];
        expect(count == 1 && strcmp(listen_format(listen, form), text) == 0);
    } else {
        expect(address_port(&listen->address) > 0);
        check_round_trip(&listen->address);
    }
}

static void try_listen(const char *text)
{
    struct listen listens[LISTEN_EXPANSION_MAX];
    const char *why = NULL;
    int count = listen_parse(text, listens, &why);
    if (!accepted(count, &why))
        return;
    expect(count >= 1 && count <= LISTEN_EXPANSION_MAX);
    for (int i = 0; i < count; i++) {
        check_listen(&listens[i], count, text);
        listen_clear(&listens[i]);
    }
}

static void check_name(const struct target *target)
{
    char form[DNS_NAME_MAX + 16];
    struct target again;
    const char *why = NULL;
    size_t length = strlen(target->name);
    expect(length > 0 && length <= DNS_NAME_MAX && target->name[length - 1] != '.');
    for (size_t i = 0; i < length; i++)
        expect(!isupper((unsigned char)target->name[i]) &&
               !isspace((unsigned char)target->name[i]));
    const char *dot = target->absolute ? "." : "";
    if (target->kind == TARGET_SERVICE)
        snprintf(form, sizeof form, "srv:%s%s", target->name, dot);
    else
        snprintf(form, sizeof form, "%s%s:%u", target->name, dot, target->port);
    expect(accepted(target_parse(form, &again, &why), &why));
    expect(again.kind == target->kind && again.port == target->port);
    expect(again.absolute == target->absolute);
    expect(strcmp(again.name, target->name) == 0);
    target_clear(&again);
}

static void try_target(const char *text)
{
    struct target target;
    const char *why = NULL;
    if (!accepted(target_parse(text, &target, &why), &why))
        return;
    if (target.kind == TARGET_ADDRESS) {
        check_round_trip(&target.address);
        return;
    }
    expect(target.kind == TARGET_SERVICE || target.port > 0);
    check_name(&target);
    target_clear(&target);
}

static void try_scalars(const char *text)
{
    char form[VALUE_DURATION_MAX];
    usec_t span, again;
    int64_t count;
    int result = value_parse_duration(text, &span);
    expect(result == 0 || result == -EINVAL || result == -ERANGE);
    if (result == 0) {
        expect(span >= 0);
        value_format_duration(span, form);
        expect(value_parse_duration(form, &again) == 0 && again == span);
    }
    result = value_parse_count(text, &count);
    expect(result == 0 || result == -EINVAL || result == -ERANGE);
    expect(result != 0 || count >= 0);
}

static void try_option(const struct config_option *option, const char *text)
{
    union {
        struct global_options global;
        struct upstream_options upstream;
    } options, before;
    char text_of_why[192] = "";
    const char *why = text_of_why;
    memset(&options, 0, sizeof options);
    option_set_defaults(option->scope, &options);
    before = options;
    if (!accepted(option_set(option, &options, text, text_of_why, sizeof text_of_why), &why))
        expect(memcmp(&options, &before, sizeof options) == 0);
    option_check(option, &options);
    option_free_all(option->scope, &options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *text = input_text(&input);
    try_address(text);
    try_network(text);
    try_listen(text);
    try_target(text);
    try_scalars(text);
    for (size_t i = 0; i < option_count; i++)
        try_option(&option_table[i], text);
    free(text);
    return 0;
}
