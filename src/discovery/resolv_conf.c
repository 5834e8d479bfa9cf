#include "discovery/resolv_conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MOST ((size_t)64 * 1024)
#define DNS_PORT 53
#define LABEL_MOST 63

/* The limits of resolver(3). */
#define NDOTS_MOST 15
#define TIMEOUT_MOST 30
#define ATTEMPTS_MOST 5

static const char blanks[] = " \t\r\f\v";

static void add_server(struct resolv_conf *conf, const char *text)
{
    if (conf->server_count < RESOLV_CONF_SERVERS &&
        address_parse_ip(text, DNS_PORT, &conf->servers[conf->server_count]))
        conf->server_count++;
}

static void forget_search(struct resolv_conf *conf)
{
    while (conf->search_count > 0)
        free(conf->search[--conf->search_count]);
}

/* Labels of 1 to 63 bytes with a dot between them (RFC 1035 §2.3.4), as can be asked for. */
static bool is_name(const char *text)
{
    size_t length = strlen(text);
    do {
        size_t label = strcspn(text, ".");
        if (label == 0 || label > LABEL_MOST)
            return false;
        text += label;
    } while (*text++ == '.');
    return length <= RESOLV_CONF_NAME_MOST;
}

static void add_search(struct resolv_conf *conf, char *name)
{
    size_t length = strlen(name);
    if (name[length - 1] == '.')
        name[length - 1] = '\0';
    if (!is_name(name) || conf->search_count == RESOLV_CONF_SEARCH)
        return;
    for (char *at = name; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    char *copy = strdup(name);
    if (copy)
        conf->search[conf->search_count++] = copy;
}

/* The number behind `name:`, at most `most`. Returns false where the word is another one. */
static bool read_number(const char *word, const char *name, unsigned most, unsigned *number)
{
    size_t length = strlen(name);
    unsigned value = 0;
    if (strncmp(word, name, length) != 0 || word[length] != ':')
        return false;
    for (const char *at = word + length + 1; isdigit((unsigned char)*at) && value <= most; at++)
        value = value * 10 + (unsigned)(*at - '0');
    *number = value < most ? value : most;
    return true;
}

static void add_option(struct resolv_conf *conf, const char *word)
{
    if (read_number(word, "ndots", NDOTS_MOST, &conf->ndots) ||
        read_number(word, "timeout", TIMEOUT_MOST, &conf->timeout) ||
        read_number(word, "attempts", ATTEMPTS_MOST, &conf->attempts))
        return;
    if (strcmp(word, "rotate") == 0)
        conf->rotate = true;
}

static void read_line(struct resolv_conf *conf, char *line)
{
    char *rest = line, *word;
    if (*line == '#' || *line == ';')
        return;
    const char *keyword = strtok_r(NULL, blanks, &rest);
    if (!keyword)
        return;
    bool search = strcmp(keyword, "search") == 0 || strcmp(keyword, "domain") == 0;
    if (search) /* the last of them counts */
        forget_search(conf);
    while ((word = strtok_r(NULL, blanks, &rest)) != NULL && *word != '#' && *word != ';') {
        if (strcmp(keyword, "nameserver") == 0)
            add_server(conf, word);
        else if (search)
            add_search(conf, word);
        else if (strcmp(keyword, "options") == 0)
            add_option(conf, word);
    }
}

void resolv_conf_parse(const char *text, size_t length, struct resolv_conf *ret_conf)
{
    char *copy = strndup(text, length), *rest = copy, *line;
    *ret_conf = (struct resolv_conf){.ndots = 1};
    while (copy && (line = strsep(&rest, "\n")) != NULL)
        read_line(ret_conf, line);
    free(copy);
}

/* Reads at most `size` bytes. Returns how many, or -errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got = 0;
    while (length < size && (got = read(fd, text + length, size - length)) > 0)
        length += (size_t)got;
    return got < 0 ? -errno : (ssize_t)length;
}

int resolv_conf_read(const char *path, struct resolv_conf *ret_conf)
{
    char *text = malloc(FILE_MOST);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = !text ? -ENOMEM : fd < 0 ? -errno : read_all(fd, text, FILE_MOST);
    resolv_conf_parse(text, length > 0 ? (size_t)length : 0, ret_conf);
    if (fd >= 0)
        close(fd);
    free(text);
    return length < 0 ? (int)length : 0;
}

static size_t count_dots(const char *name)
{
    size_t dots = 0;
    for (; *name; name++)
        dots += *name == '.';
    return dots;
}

bool resolv_conf_candidate(const struct resolv_conf *conf, const char *name, bool search, size_t n,
                           char ret_text[RESOLV_CONF_NAME_MOST + 1])
{
    size_t suffixes = search ? conf->search_count : 0;
    bool bare_first = count_dots(name) >= conf->ndots;
    int length;
    if (n > suffixes)
        return false;
    if (n == (bare_first ? 0 : suffixes))
        length = snprintf(ret_text, RESOLV_CONF_NAME_MOST + 1, "%s", name);
    else
        length = snprintf(ret_text, RESOLV_CONF_NAME_MOST + 1, "%s.%s", name,
                          conf->search[bare_first ? n - 1 : n]);
    if (length > RESOLV_CONF_NAME_MOST)
        *ret_text = '\0';
    return true;
}

void resolv_conf_clear(struct resolv_conf *conf)
{
    forget_search(conf);
}
