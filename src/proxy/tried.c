#include "proxy/tried.h"

#include <stdint.h>
#include <stdlib.h>

static void swap(struct tried_list *list, size_t a, size_t b)
{
    struct endpoint *endpoint = list->endpoints[a];
    list->endpoints[a] = list->endpoints[b];
    list->endpoints[b] = endpoint;
}

static size_t find(const struct tried_list *list, const struct endpoint *endpoint)
{
    size_t i = 0;
    while (i < list->count && list->endpoints[i] != endpoint)
        i++;
    return i;
}

/* Where it is; it is appended where it was not. SIZE_MAX: no memory. */
static size_t find_or_append(struct tried_list *list, struct endpoint *endpoint)
{
    size_t place = find(list, endpoint);
    if (place < list->count)
        return place;
    struct endpoint **grown =
        reallocarray(list->endpoints, list->count + 1, sizeof(struct endpoint *));
    if (!grown)
        return SIZE_MAX;
    list->endpoints = grown;
    grown[list->count++] = endpoint_ref(endpoint);
    return place;
}

bool tried_pass(struct tried_list *list, struct endpoint *endpoint)
{
    size_t place = find_or_append(list, endpoint);
    if (place == SIZE_MAX)
        return false;
    if (place < list->round) {
        swap(list, place, --list->round);
        swap(list, list->round, list->round + list->passed++); /* the last one passed over */
    } else if (place >= list->round + list->passed) {
        swap(list, place, list->round + list->passed++);
    }
    return true;
}

bool tried_add(struct tried_list *list, struct endpoint *endpoint)
{
    if (!tried_pass(list, endpoint))
        return false;
    size_t place = find(list, endpoint);
    if (place >= list->round) {
        swap(list, place, list->round++);
        list->passed--;
    }
    return true;
}

void tried_unpass(struct tried_list *list, size_t passes)
{
    list->passed -= passes < list->passed ? passes : list->passed;
}

void tried_next_round(struct tried_list *list)
{
    list->round = list->passed = 0;
}

bool tried_may_choose(const struct tried_list *list, const struct endpoint *endpoint)
{
    return find(list, endpoint) >= list->round + list->passed;
}

bool tried_has(const struct tried_list *list, const struct endpoint *endpoint)
{
    return find(list, endpoint) < list->count;
}

struct tried tried_this_round(const struct tried_list *list)
{
    return (struct tried){list->endpoints, list->round + list->passed};
}

struct tried tried_ever(const struct tried_list *list)
{
    return (struct tried){list->endpoints, list->count};
}

void tried_clear(struct tried_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        endpoint_unref(list->endpoints[i]);
    free(list->endpoints);
    *list = (struct tried_list){0};
}
