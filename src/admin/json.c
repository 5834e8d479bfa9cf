#include "admin/json.h"

#include <stdio.h>
#include <stdlib.h>

/* Of this thread: the journal writes JSON in every thread, the admin interface asks in its own. */
static _Thread_local bool lacked;

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    lacked = lacked || !memory;
    return memory;
}

void json_watch_memory(void)
{
    json_set_alloc_funcs(allocate, free);
}

void json_add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) < 0)
        lacked = true;
}

void json_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) < 0)
        lacked = true;
}

bool json_lacked_memory(void)
{
    bool result = lacked;
    lacked = false;
    return result;
}

json_t *json_time(const struct timespec *time)
{
    char text[40];
    struct tm parts;
    gmtime_r(&time->tv_sec, &parts);
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, sizeof text - length, ".%03dZ", (int)(time->tv_nsec / 1000000));
    return json_string(text);
}

json_t *json_moment(usec_t moment)
{
    struct timespec now;
    if (moment == 0)
        return json_null();
    clock_gettime(CLOCK_REALTIME, &now);
    usec_t real = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000 - (clock_now() - moment);
    return json_time(
        &(struct timespec){.tv_sec = real / USEC_PER_SEC, .tv_nsec = real % USEC_PER_SEC * 1000});
}

json_t *json_span(usec_t span)
{
    return json_real((double)span / (double)USEC_PER_SEC);
}

json_t *json_until(usec_t moment)
{
    usec_t left = moment - clock_now();
    return moment == 0 ? json_null() : json_span(left > 0 ? left : 0);
}

json_t *json_count(uint64_t count)
{
    return json_integer((json_int_t)count);
}

json_t *json_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *json_address(const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    return json_string(address_format(address, text));
}
