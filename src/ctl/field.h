#ifndef REDIAL_CTL_FIELD_H
#define REDIAL_CTL_FIELD_H

#include <jansson.h>
#include <stdbool.h>

/* What stands at a path such as "connections.open" in an object, whoever wrote it: what is missing,
 * null or of another kind is "not known", and never an error. Borrowed. */
json_t *field(const json_t *object, const char *path);

/* A string as it came (it may hold anything), or NULL. */
const char *field_text(const json_t *object, const char *path);

/* A number, or NAN. */
double field_number(const json_t *object, const char *path);

/* A time in seconds since 1970, or NAN. */
double field_moment(const json_t *object, const char *path);

bool field_is_true(const json_t *object, const char *path);

/* How many objects a list has. */
size_t field_count(const json_t *list);

/* Runs over the objects of a list; what else stands in it is passed over. */
#define field_each(list, i, object)                                                                \
    json_array_foreach(list, i, object)                                                            \
        if (!json_is_object(object))                                                               \
            continue;                                                                              \
        else

/* Whether the string there is this one. */
bool field_is(const json_t *object, const char *path, const char *text);

#endif
