#include "flat.h"

#include <stdio.h>

static void learn(struct flat_sample *most, const struct flat_sample *sample)
{
    if (sample->descriptors > most->descriptors) {
        most->descriptors = sample->descriptors;
    }
    if (sample->memory_kb > most->memory_kb) {
        most->memory_kb = sample->memory_kb;
    }
}

const char *flat_judge(struct flat *flat, const struct flat_sample *sample)
{
    static char why[128];
    const struct flat_sample *most = &flat->most;
    if (sample->pipes > FLAT_PIPES) {
        snprintf(why, sizeof(why), "%d descriptors of pipes are open, more than pools have",
                 sample->pipes);
        return why;
    }
    if (flat->rests++ < FLAT_RESTS) {
        learn(&flat->most, sample);
        return NULL;
    }
    if (sample->descriptors > most->descriptors + FLAT_DESCRIPTORS) {
        snprintf(why, sizeof(why), "descriptors grew from %d to %d", most->descriptors,
                 sample->descriptors);
        return why;
    }
    if (sample->memory_kb > most->memory_kb + FLAT_MEMORY_KB) {
        snprintf(why, sizeof(why), "memory grew from %ld to %ld kB", most->memory_kb,
                 sample->memory_kb);
        return why;
    }
    return NULL;
}
