#ifndef REDIAL_ADMIN_QUESTIONS_H
#define REDIAL_ADMIN_QUESTIONS_H

#include <jansson.h>

#include "daemon/service.h"

/* What an upstream asks DNS, as JSON: an array, a new reference or NULL without memory. Main
 * thread.
 */

/* Each with its last answer. */
json_t *questions_json(const struct service *service);

/* Each with the whole story: its last answers, its members, what became of them. */
json_t *questions_story(const struct service *service);

#endif
