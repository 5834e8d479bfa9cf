#ifndef REDIAL_ADMIN_JSON_H
#define REDIAL_ADMIN_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "base/address.h"
#include "base/clock.h"

/* How values look in the admin interface's JSON. Each function returns a new reference, or NULL
 * where there is no memory, which jansson's packing takes for its own failure. Main thread. */

/* From now on it is noted when jansson finds no memory: most of its functions leave out what they
 * have no room for, and an answer that lacks something without saying so would be a lie. */
void json_watch_memory(void);

/* Whether that was so in this thread since the last call, or json_add() or json_put() had nothing
 * to add. */
bool json_lacked_memory(void);

/* Adds to an array or object, which take over the reference. Each may be NULL: for want of memory,
 * and that is noted. */
void json_add(json_t *array, json_t *value);
void json_put(json_t *object, const char *key, json_t *value);

/* "2026-11-25T22:19:06.123Z". */
json_t *json_time(const struct timespec *time);

/* The same, of a time of clock_now(); null where it is 0. */
json_t *json_moment(usec_t moment);

/* Seconds. */
json_t *json_span(usec_t span);

/* Seconds from now until then, 0 where that is over; null where it is 0. */
json_t *json_until(usec_t moment);

/* A number of whatever size, as far as JSON's readers have it: up to 2⁵³. */
json_t *json_count(uint64_t count);

/* A text, or null. */
json_t *json_text(const char *text);

json_t *json_address(const struct address *address);

#endif
