#ifndef REDIAL_PROXY_TALK_H
#define REDIAL_PROXY_TALK_H

#include <stdbool.h>
#include <stdint.h>

enum talker { TALK_NOBODY, TALK_CLIENT, TALK_ENDPOINT };

/* Who spoke last on a connection, which is all that layer 4 sees of requests and answers: a client
 * that spoke last may wait for an answer; one that was spoken to last, and is quiet, has its answer
 * as far as can be seen. */
struct talk {
    uint64_t up, down; /* bytes, when last noted */
    enum talker last;
    bool goes_on; /* the client spoke again after an answer: so it knows an answer's end without
                     the end of the connection */
};

/* Takes note of the bytes received so far from the client and from the endpoint. Where both have
 * spoken since the last note, the client counts as the last one. */
void talk_note(struct talk *talk, uint64_t up, uint64_t down);

/* Whether the client may be waiting for an answer. */
static inline bool talk_is_open(const struct talk *talk)
{
    return talk->last == TALK_CLIENT;
}

/* Whether an orderly end now can be told from the end of an answer. */
static inline bool talk_may_end(const struct talk *talk)
{
    return talk->last == TALK_ENDPOINT && talk->goes_on;
}

#endif
