#include "config/target.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int invalid(const char **ret_why, const char *why)
{
    *ret_why = why;
    return -EINVAL;
}

/* The characters of host names (RFC 1123 §2.1) and the underscore that services use. */
static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static const char *name_fault(const char *name)
{
    size_t label = 0;
    bool digits = true; /* of the last label */
    for (const char *at = name; *at; at++) {
        if (*at == '.') {
            if (label == 0)
                return "the name has an empty label (two dots, or one in front)";
            label = 0;
            digits = true;
            continue;
        }
        if ((unsigned char)*at >= 0x80)
            return "the name is not ASCII: write it in its xn-- form";
        if (!is_name_char(*at))
            return "a name holds letters, digits, hyphens, underscores and dots";
        digits = digits && isdigit((unsigned char)*at);
        if (++label > 63)
            return "a label of the name is longer than 63 characters";
    }
    if (digits)
        return "it is neither an address nor a name";
    return NULL;
}

static int parse_name(const char *text, size_t length, struct target *target, const char **ret_why)
{
    if (length > 0 && text[length - 1] == '.') {
        target->absolute = true;
        length--;
    }
    if (length == 0)
        return invalid(ret_why, "a name is missing");
    if (length > DNS_NAME_MAX)
        return invalid(ret_why, "the name is longer than 253 characters");
    target->name = strndup(text, length);
    if (!target->name)
        return -ENOMEM;
    for (char *at = target->name; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    const char *fault = name_fault(target->name);
    return fault ? invalid(ret_why, fault) : 0;
}

/* Hands it over, where that went well. */
static int finish(struct target *target, int result, struct target *ret_target)
{
    if (result == 0)
        *ret_target = *target;
    else
        target_clear(target);
    return result;
}

void target_clear(struct target *target)
{
    free(target->name);
    target->name = NULL;
}

static int parse_service(const char *text, struct target *ret_target, const char **ret_why)
{
    struct target target = {.kind = TARGET_SERVICE};
    if (strchr(text, ':'))
        return invalid(ret_why, "srv: takes no port, since SRV records give it");
    int result = parse_name(text, strlen(text), &target, ret_why);
    if (result == 0 && (target.name[0] != '_' || !strstr(target.name, "._")))
        result = invalid(ret_why, "an SRV name begins with service and protocol, as in "
                                  "srv:_http._tcp.name.internal");
    return finish(&target, result, ret_target);
}

static int parse_address(const char *text, struct target *ret_target, const char **ret_why)
{
    struct target target = {.kind = TARGET_ADDRESS};
    int result = address_parse(text, &target.address, ret_why);
    if (result == 0 && !address_is_unicast(&target.address))
        result = invalid(ret_why, "nobody can be reached at this address: it is unspecified, "
                                  "multicast or broadcast");
    return finish(&target, result, ret_target);
}

int target_parse(const char *text, struct target *ret_target, const char **ret_why)
{
    struct target target = {.kind = TARGET_NAME};
    if (strncmp(text, "srv:", 4) == 0)
        return parse_service(text + 4, ret_target, ret_why);
    const char *colon = strrchr(text, ':');
    if (!colon)
        return invalid(ret_why, "a port is missing: write HOST:PORT");
    char host[ADDRESS_TEXT_MAX];
    size_t length = (size_t)(colon - text);
    bool fits = length < sizeof host;
    if (fits) {
        memcpy(host, text, length);
        host[length] = '\0';
    }
    struct address ip;
    if (text[0] == '[' || strchr(text, ':') != colon || (fits && address_parse_ip(host, 1, &ip)))
        return parse_address(text, ret_target, ret_why);
    if (address_parse_port(colon + 1, &target.port) < 0)
        return invalid(ret_why, "a port is a number from 1 to 65535");
    return finish(&target, parse_name(text, length, &target, ret_why), ret_target);
}

const char *target_format(const struct target *target, char text[TARGET_TEXT_MAX])
{
    const char *dot = target->absolute ? "." : "";
    if (target->kind == TARGET_ADDRESS)
        return address_format(&target->address, text);
    if (target->kind == TARGET_SERVICE)
        snprintf(text, TARGET_TEXT_MAX, "srv:%s%s", target->name, dot);
    else
        snprintf(text, TARGET_TEXT_MAX, "%s%s:%u", target->name, dot, target->port);
    return text;
}
