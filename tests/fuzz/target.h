/* What every fuzz target has in common. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A target: reads `size` hostile bytes, and aborts where redial did not do with them what it
 * promises. Returns 0. libFuzzer calls it, or replay.c with what is in the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* An assertion that no build leaves out. */
#define expect(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: expected %s\n", __FILE__, __LINE__, __func__, #condition); \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
