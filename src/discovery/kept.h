#ifndef REDIAL_DISCOVERY_KEPT_H
#define REDIAL_DISCOVERY_KEPT_H

#include "discovery/answer.h"

/* The last answer with records to one question, in little room: it waits long for somebody who
 * comes later than the answer, and mostly nobody does. All zero: none. Belongs to one thread. */
struct kept {
    void *records; /* addresses alone, side by side; of SRV: struct answer */
    uint32_t count : 31;
    uint32_t truncated : 1;
    uint32_t ttl; /* as of the answer */
};

/* Keeps a copy in the place of what was kept. `type` is the question's, always the same. Without
 * memory what was kept stays. */
void kept_take(struct kept *kept, enum dns_type type, const struct answer *answer);

/* The answer again, without its additional section and what was refused of it. Returns false where
 * there is none, or no memory; otherwise fills *ret_answer, which answer_clear() frees. */
bool kept_answer(const struct kept *kept, enum dns_type type, struct answer *ret_answer);

void kept_clear(struct kept *kept, enum dns_type type);

#endif
