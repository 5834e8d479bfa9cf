/* A byte stream that both ends of a transfer know: the byte at an offset is fixed, so a receiver
 * finds every lost, doubled or changed byte without a copy of what was sent. The stream repeats
 * after a prime number of bytes (about 1 MiB), which no buffer size divides. */
#ifndef TESTLIB_PATTERN_H
#define TESTLIB_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes the stream's bytes offset .. offset+length-1. Thread-safe. */
void pattern_fill(uint64_t offset, void *bytes, size_t length);

/* A pointer to the stream's bytes from offset on; *length, at most what is asked for in it, is set
 * to how many can be read there (at least 1). For senders that do not want to copy. */
const void *pattern_view(uint64_t offset, size_t *length);

/* True when bytes are the stream's bytes offset .. offset+length-1. */
bool pattern_matches(uint64_t offset, const void *bytes, size_t length);

#endif
