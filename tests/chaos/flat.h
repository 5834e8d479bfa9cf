/* Whether redial's descriptors and memory stay what they were. The first rests say what that is:
 * until then pools fill and histories grow. */
#ifndef CHAOS_FLAT_H
#define CHAOS_FLAT_H

#include <stdbool.h>
#include <stddef.h>

/* Allowances. The pipes are those of the workers' pools, which stay open (src/proxy/pipe.h). */
enum {
    FLAT_RESTS = 3,       /* that are not compared yet */
    FLAT_DESCRIPTORS = 6, /* more than the most of those: DNS questions and the admin's own */
    FLAT_PIPES = 2 * 2 * 16 + 4,
    FLAT_MEMORY_KB = 2048
};

struct flat_sample {
    int descriptors; /* without pipes */
    int pipes;
    long memory_kb; /* 0: not to be judged, as with sanitizers, which keep what was freed */
};

struct flat {
    size_t rests;
    struct flat_sample most; /* of the first rests */
};

/* What is wrong at this rest, or NULL. */
const char *flat_judge(struct flat *flat, const struct flat_sample *sample);

#endif
