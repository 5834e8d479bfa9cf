/* Folders of configuration files, which are links to what is in memory: there is one for every set
 * of the files, so that none is made or removed while the fuzzer runs. */
#ifndef FUZZ_CONFIG_FOLDERS_H
#define FUZZ_CONFIG_FOLDERS_H

#include "memory_file.h"

enum { CONFIG_FILES_MOST = 4 };

struct config_folders {
    const char *const *names; /* "redial.conf", "upstreams.d/a.conf" */
    unsigned count;           /* CONFIG_FILES_MOST at the most */
    struct memory_file files[CONFIG_FILES_MOST];
    char path[256];
};

/* Makes them, if they are not there yet; they are removed at the end of the process, which has one
 * such struct at the most. */
void config_folders_open(struct config_folders *folders);

/* The folder that holds the files with these bits. Valid until the next call. */
const char *config_folders_path(const struct config_folders *folders, unsigned set);

#endif
