/* A temporary directory with files in it. */
#ifndef TESTLIB_TEMPDIR_H
#define TESTLIB_TEMPDIR_H

#include <stddef.h>

struct tempdir;

/* Makes a new, empty directory under TMPDIR (or /tmp). Aborts on failure. */
struct tempdir *tempdir_create(void);

/* Its absolute path; owned by dir. */
const char *tempdir_path(const struct tempdir *dir);

/* Writes a file; name may hold folders ("upstreams.d/a.conf"), which are made. The text is a
 * printf format. Returns the file's absolute path, owned by dir. Aborts on failure. */
const char *tempdir_write(struct tempdir *dir, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for any bytes, zeros too. */
const char *tempdir_write_bytes(struct tempdir *dir, const char *name, const void *bytes,
                                size_t length);

/* Makes a folder (and those above it) in dir; returns its absolute path, owned by dir. */
const char *tempdir_mkdir(struct tempdir *dir, const char *name);

/* Removes the directory with all that is in it and frees dir. NULL is allowed. */
void tempdir_remove(struct tempdir *dir);

#endif
