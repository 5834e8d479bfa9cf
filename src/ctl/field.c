#include "ctl/field.h"

#include <math.h>
#include <string.h>

#include "ctl/units.h"

json_t *field(const json_t *object, const char *path)
{
    char key[32];
    json_t *found = NULL;
    for (const char *at = path; *at; at += *at == '.') {
        size_t length = strcspn(at, ".");
        if (length >= sizeof key)
            return NULL;
        memcpy(key, at, length);
        key[length] = '\0';
        found = json_object_get(object, key); /* NULL where `object` is none */
        object = found;
        at += length;
    }
    return found;
}

const char *field_text(const json_t *object, const char *path)
{
    return json_string_value(field(object, path));
}

double field_number(const json_t *object, const char *path)
{
    const json_t *found = field(object, path);
    return json_is_number(found) ? json_number_value(found) : NAN;
}

double field_moment(const json_t *object, const char *path)
{
    return units_moment(field_text(object, path));
}

bool field_is_true(const json_t *object, const char *path)
{
    return json_is_true(field(object, path));
}

bool field_is(const json_t *object, const char *path, const char *text)
{
    const char *found = field_text(object, path);
    return found && strcmp(found, text) == 0;
}

size_t field_count(const json_t *list)
{
    const json_t *object;
    size_t i, count = 0;
    field_each(list, i, object)
        count++;
    return count;
}
