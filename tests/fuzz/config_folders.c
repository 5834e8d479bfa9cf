#include "config_folders.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target.h"

static const struct config_folders *opened;

static const char *path_of(const struct config_folders *folders, unsigned set, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%u%s%s", folders->path, set, *name ? "/" : "", name);
    return path;
}

static void remove_folders(void)
{
    for (unsigned set = 1; set < 1u << opened->count; set++) {
        for (unsigned i = 0; i < opened->count; i++)
            unlink(path_of(opened, set, opened->names[i]));
        rmdir(path_of(opened, set, "upstreams.d"));
        rmdir(path_of(opened, set, ""));
    }
    rmdir(opened->path);
}

static void make_folder(struct config_folders *folders, unsigned set)
{
    expect(mkdir(path_of(folders, set, ""), 0777) == 0);
    expect(mkdir(path_of(folders, set, "upstreams.d"), 0777) == 0);
    for (unsigned i = 0; i < folders->count; i++)
        if (set & 1u << i)
            expect(symlink(folders->files[i].path, path_of(folders, set, folders->names[i])) == 0);
}

void config_folders_open(struct config_folders *folders)
{
    const char *parent = getenv("TMPDIR");
    if (opened)
        return;
    int length = snprintf(folders->path, sizeof folders->path, "%s/redial-fuzz-XXXXXX",
                          parent ? parent : "/tmp");
    expect(length < (int)sizeof folders->path && mkdtemp(folders->path));
    opened = folders;
    atexit(remove_folders);
    for (unsigned i = 0; i < folders->count; i++)
        memory_file_open(&folders->files[i]);
    for (unsigned set = 1; set < 1u << folders->count; set++)
        make_folder(folders, set);
}

const char *config_folders_path(const struct config_folders *folders, unsigned set)
{
    return path_of(folders, set, "");
}
