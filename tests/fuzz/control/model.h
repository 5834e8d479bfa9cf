/* What was said and what happened, apart from the code under test: which records no upstream may
 * have lost, and which it may have at all. */
#ifndef FUZZ_CONTROL_MODEL_H
#define FUZZ_CONTROL_MODEL_H

#include "daemon/service.h"
#include "discovery/source.h"
#include "proxy/eject.h"
#include "questions.h"
#include "records.h"

enum standing {
    STANDING_FIRM,     /* the last answer named it: only another answer removes it */
    STANDING_DOUBTFUL, /* it did not: a failed connect removes it, too */
    STANDING_SUSPECT,  /* nor did that before it, which dropped more than half */
};

/* One question of an upstream. */
struct model_source {
    const struct source *source;
    const struct service *service;
    const void *lookup;
    char name[256];
    enum dns_type type;
    uint16_t port;
    struct records needed; /* by their standing */
    usec_t nothing_since;  /* since when each answer was "nothing"; 0: the last one was not */
    bool seen;
};

void model_begin(void);
void model_end(void);

/* The question is about to get this answer, which lives until model_look(). */
void model_answer(const struct query *query, const struct answer *answer);

/* A client, or a probe of the address (`upstream` NULL), found that. */
void model_note(const struct upstream *upstream, const struct endpoint *endpoint,
                enum eject_event event);
void model_probe_failed(const struct address *address);

/* The main thread has heard of all that failed. */
void model_mail_delivered(void);

/* Brings it in line with the questions that there are now. */
void model_look(void);

/* The one of the source, or NULL. */
const struct model_source *model_of(const struct source *source);

/* Whether some answer to the lookup, or what came along with another, has named it. */
bool model_was_named(const void *lookup, const struct record *record);

/* The source that tells of these members; NULL: nobody asks. */
const struct source *model_source_of(const struct explanation *explanation);

#endif
