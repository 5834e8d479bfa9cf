/* A directory for a test to write its files in, which is also the working directory. */
#ifndef UNIT_FILES_H
#define UNIT_FILES_H

#include <stddef.h>

/* Makes the directory, and removes it with all that is in it. As unchecked fixtures they run in the
 * suite's own process: a failing test leaves nothing behind. */
void files_begin(void);
void files_end(void);

/* Empties it: what the test before wrote is gone. */
void files_clear(void);

/* Writes a file and the folders above it. Aborts on failure. */
void files_write(const char *path, const char *text);
void files_write_bytes(const char *path, const void *bytes, size_t length);

#endif
