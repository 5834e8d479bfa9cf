/* What holds for every answer, wherever it was read from. */
#ifndef FUZZ_ANSWER_CHECK_H
#define FUZZ_ANSWER_CHECK_H

#include <stdbool.h>

#include "discovery/answer.h"

void answer_check(const struct answer *answer, enum dns_type type);
/* What came along with them is left aside. */
void answer_check_same(const struct answer *a, const struct answer *b);

/* Whether the answer names the same as the record. */
bool answer_names(const struct answer *answer, const struct record *record);

/* Clears it, twice: that must do no harm. */
void answer_check_clear(struct answer *answer);

#endif
