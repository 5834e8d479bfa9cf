/* A file that is in memory only, and has a path all the same. */
#ifndef FUZZ_MEMORY_FILE_H
#define FUZZ_MEMORY_FILE_H

#include <stddef.h>

#include "input.h"

struct memory_file {
    int fd; /* 0: not there yet */
    char path[32];
};

/* Makes the file, if it is not there yet. */
void memory_file_open(struct memory_file *file);

/* Gives it this content and no other. */
void memory_file_write(struct memory_file *file, const struct input *content);

/* Reads it from its beginning, up to `size` bytes, and empties it. Returns how many were read. */
size_t memory_file_take(struct memory_file *file, char *buffer, size_t size);

#endif
