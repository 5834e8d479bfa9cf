#include "pattern.h"

#include <pthread.h>
#include <string.h>

enum { PATTERN_PERIOD = 1048573 };

static unsigned char pattern_block[PATTERN_PERIOD];
static pthread_once_t pattern_once = PTHREAD_ONCE_INIT;

static void pattern_make(void)
{
    uint32_t state = 0x9e3779b9U;
    for (size_t i = 0; i < PATTERN_PERIOD; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        pattern_block[i] = (unsigned char)(state >> 11);
    }
}

const void *pattern_view(uint64_t offset, size_t *length)
{
    pthread_once(&pattern_once, pattern_make);
    size_t start = (size_t)(offset % PATTERN_PERIOD);
    if (*length > PATTERN_PERIOD - start) {
        *length = PATTERN_PERIOD - start;
    }
    return pattern_block + start;
}

void pattern_fill(uint64_t offset, void *bytes, size_t length)
{
    unsigned char *to = bytes;
    while (length > 0) {
        size_t part = length;
        const void *from = pattern_view(offset, &part);
        memcpy(to, from, part);
        to += part;
        offset += part;
        length -= part;
    }
}

bool pattern_matches(uint64_t offset, const void *bytes, size_t length)
{
    const unsigned char *got = bytes;
    while (length > 0) {
        size_t part = length;
        const void *want = pattern_view(offset, &part);
        if (memcmp(got, want, part) != 0) {
            return false;
        }
        got += part;
        offset += part;
        length -= part;
    }
    return true;
}
