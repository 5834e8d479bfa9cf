#include "discovery/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file_stamp.h"

struct host {
    struct address address;
    char *name;
};

struct hosts {
    char *path;
    struct file_stamp stamp;
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

static void refresh(struct hosts *hosts)
{
    char *line = NULL;
    size_t size = 0;
    if (!file_stamp_changed(&hosts->stamp, hosts->path))
        return;
    FILE *file = fopen(hosts->path, "re");
    if (!file && errno != ENOENT) { /* no descriptor, maybe: what was read serves on */
        hosts->stamp = (struct file_stamp){0};
        return;
    }
    forget(hosts);
    if (!file)
        return;
    while (getline(&line, &size, file) >= 0)
        read_line(hosts, line);
    free(line);
    fclose(file);
}

bool hosts_knows(struct hosts *hosts, const char *name)
{
    refresh(hosts);
    for (size_t i = 0; i < hosts->count; i++)
        if (strcasecmp(hosts->entries[i].name, name) == 0)
            return true;
    return false;
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
        if (hosts->entries[i].address.family != family ||
            !address_is_unicast(&hosts->entries[i].address)) /* 0.0.0.0 blocks a name */
            continue;
        struct record *grown = reallocarray(answer.records, answer.count + 1, sizeof *grown);
        if (!grown) {
            answer_clear(&answer);
            answer.outcome = ANSWER_LOCAL_FAULT;
            break;
        }
        answer.records = grown;
        grown[answer.count++] = record_of(hosts->entries[i].address);
        answer.outcome = ANSWER_RECORDS;
    }
    if (!known)
        return false;
    answer_sort(&answer);
    *ret_answer = answer;
    return true;
}
