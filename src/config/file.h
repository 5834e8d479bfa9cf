#ifndef REDIAL_CONFIG_FILE_H
#define REDIAL_CONFIG_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>

#include "config/errors.h"

/* Opens a file of the configuration that can be read to its end. Returns NULL and adds an error
 * otherwise. */
FILE *file_open(const char *path, bool may_be_pipe, struct errors *errors);

/* Cuts the last part of a path off, and leaves the directory above it. The text has room for 2
 * characters and the end. */
void file_cut_name(char *path);

/* Whether an entry of that directory is the file of an upstream. Fits scandir(3). */
int file_is_upstream(const struct dirent *entry);

/* Whether the directory is the one of the upstreams' files, by its name. */
bool file_is_upstreams(const char *directory);

#endif
