/* What holds for every answer, wherever it was read from. */
#ifndef FUZZ_ANSWER_CHECK_H
#define FUZZ_ANSWER_CHECK_H

#include "discovery/answer.h"

void answer_check(const struct answer *answer, enum dns_type type);
void answer_check_same(const struct answer *a, const struct answer *b);

/* Clears it, twice: that must do no harm. */
void answer_check_clear(struct answer *answer);

#endif
