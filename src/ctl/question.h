#ifndef REDIAL_CTL_QUESTION_H
#define REDIAL_CTL_QUESTION_H

#include <jansson.h>

#include "ctl/text.h"

/* What is told of one question to DNS, of /explain: when it is asked next and why then, what the
 * last answers were, and what they changed. `now` is the time of the whole, `endpoints` those of
 * the upstream. */
void question_add(struct text *out, const json_t *question, const json_t *endpoints, double now,
                  size_t width);

/* The record of a question that an endpoint (10.0.1.7:3000) stands for, or NULL. Borrowed. */
const json_t *question_find_member(const json_t *question, const char *address);

#endif
