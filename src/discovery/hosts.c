#include "discovery/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct host {
    struct address address;
    char *name;
};

struct hosts {
    char *path;
    struct stat read; /* the file as it was when it was read; all zero: not yet */
    struct host *entries;
    size_t count;
};

struct hosts *hosts_new(const char *path)
{
    struct hosts *hosts = calloc(1, sizeof *hosts);
    if (!hosts)
        return NULL;
    hosts->path = strdup(path);
    if (hosts->path)
        return hosts;
    free(hosts);
    return NULL;
}

static void forget(struct hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++)
        free(hosts->entries[i].name);
    free(hosts->entries);
    hosts->entries = NULL;
    hosts->count = 0;
}

void hosts_free(struct hosts *hosts)
{
    if (!hosts)
        return;
    forget(hosts);
    free(hosts->path);
    free(hosts);
}

static void add(struct hosts *hosts, const struct address *address, const char *name)
{
    struct host *grown = reallocarray(hosts->entries, hosts->count + 1, sizeof *grown);
    if (!grown)
        return;
    hosts->entries = grown;
    grown[hosts->count] = (struct host){*address, strdup(name)};
    if (grown[hosts->count].name)
        hosts->count++;
}

/* `ADDRESS NAME...`, with a comment behind #. What is no address is passed over, as elsewhere. */
static void read_line(struct hosts *hosts, char *line)
{
    static const char blanks[] = " \t\r\n";
    struct address address;
    char *rest = line;
    line[strcspn(line, "#")] = '\0';
    char *word = strtok_r(rest, blanks, &rest);
    if (!word || !address_parse_ip(word, 0, &address))
        return;
    while ((word = strtok_r(NULL, blanks, &rest)) != NULL) {
        size_t length = strlen(word);
        if (length > 1 && word[length - 1] == '.')
            word[length - 1] = '\0';
        add(hosts, &address, word);
    }
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void refresh(struct hosts *hosts)
{
    struct stat now;
    char *line = NULL;
    size_t size = 0;
    if (stat(hosts->path, &now) < 0) {
        forget(hosts);
        hosts->read = (struct stat){0};
        return;
    }
    if (same_file(&now, &hosts->read))
        return;
    FILE *file = fopen(hosts->path, "re");
    if (!file)
        return;
    forget(hosts);
    hosts->read = now;
    while (getline(&line, &size, file) >= 0)
        read_line(hosts, line);
    free(line);
    fclose(file);
}

bool hosts_answer(struct hosts *hosts, const char *name, enum dns_type type,
                  struct answer *ret_answer)
{
    sa_family_t family = type == DNS_TYPE_A ? AF_INET : AF_INET6;
    bool known = false;
    struct answer answer = {.outcome = ANSWER_EMPTY, .ttl = HOSTS_TTL};
    refresh(hosts);
    for (size_t i = 0; i < hosts->count; i++) {
        if (strcasecmp(hosts->entries[i].name, name) != 0)
            continue;
        known = true;
        if (hosts->entries[i].address.family != family)
            continue;
        struct address *grown = reallocarray(answer.addresses, answer.count + 1, sizeof *grown);
        if (!grown) {
            answer_clear(&answer);
            answer.outcome = ANSWER_LOCAL_FAULT;
            break;
        }
        answer.addresses = grown;
        grown[answer.count++] = hosts->entries[i].address;
        answer.outcome = ANSWER_ADDRESSES;
    }
    if (!known)
        return false;
    answer_sort(&answer);
    *ret_answer = answer;
    return true;
}
