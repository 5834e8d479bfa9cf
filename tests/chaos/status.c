#include "status.h"

#include <stdio.h>
#include <string.h>

const json_t *status_upstream(const json_t *status, const char *name)
{
    const json_t *all = json_object_get(status, "upstreams");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i);
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0) {
            return one;
        }
    }
    return NULL;
}

const json_t *status_endpoint(const json_t *upstream, const struct backend *backend)
{
    const json_t *endpoints = json_object_get(upstream, "endpoints");
    char address[LIAR_ADDRESS_SIZE + 8];
    snprintf(address, sizeof(address), "%s:%u", backend->ip, backend->port);
    for (size_t i = 0; i < json_array_size(endpoints); i++) {
        const json_t *one = json_array_get(endpoints, i);
        if (strcmp(json_string_value(json_object_get(one, "address")), address) == 0) {
            return one;
        }
    }
    return NULL;
}
