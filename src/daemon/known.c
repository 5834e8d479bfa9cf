#include "daemon/known.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/eject.h"

#define UPSTREAM "upstream "
#define TARGETS "targets "
#define DRAINED "drained"
/* The longest line that known_write() writes is that of an upstream's name, a file's stem. */
#define LINE_MOST 512
#define TIER_MOST 1000000

struct known_upstream {
    char *name;
    uint64_t targets; /* their digest; 0: unknown */
    struct place *places;
    size_t count;
    struct address *drained;
    size_t drained_count;
};

struct known {
    struct known_upstream *upstreams;
    size_t count;
};

/* FNV-1a: it tells targets from each other, and keeps no secret. */
static uint64_t digest(const struct upstream_options *options)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < options->target_count; i++) {
        char text[TARGET_TEXT_MAX];
        target_format(&options->targets[i], text);
        for (const char *at = text;; at++) {
            hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
            if (*at == '\0')
                break;
        }
    }
    return hash;
}

/* --- writing ------------------------------------------------------------------------------------
 */

static uint32_t greatest_weight(const struct endpoint_set *set, const struct endpoint_tier *tier)
{
    uint32_t greatest = 0;
    for (size_t i = tier->first; i < tier->first + tier->count; i++)
        if (set->weights[i] > greatest)
            greatest = set->weights[i];
    return greatest;
}

/* A set's weights may be greater than those of DNS (RFC 2782), as which they are read: beside one
 * of 0, for example. Then they are as near as these come. */
static unsigned weight_of_dns(uint32_t weight, uint32_t greatest)
{
    if (greatest <= UINT16_MAX)
        return weight;
    unsigned scaled = (unsigned)((uint64_t)weight * UINT16_MAX / greatest);
    return scaled > 0 ? scaled : 1;
}

static void write_set(FILE *out, const struct endpoint_set *set)
{
    for (size_t tier = 0; tier < set->tier_count; tier++) {
        uint32_t greatest = greatest_weight(set, &set->tiers[tier]);
        for (size_t n = 0; n < set->tiers[tier].count; n++) {
            size_t index = set->tiers[tier].first + n;
            const struct endpoint *endpoint = set->endpoints[index];
            char text[ADDRESS_TEXT_MAX];
            fprintf(out, "%zu %u %s%s\n", tier, weight_of_dns(set->weights[index], greatest),
                    address_format(&endpoint->address, text),
                    eject_is_drained(endpoint) ? " " DRAINED : "");
        }
    }
}

static int write_all(FILE *out, const struct known_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(out, UPSTREAM "%s\n" TARGETS "%" PRIx64 "\n", entries[i].config->name,
                digest(&entries[i].config->options));
        write_set(out, entries[i].set);
    }
    return fflush(out) == 0 ? 0 : -errno;
}

int known_write(const struct known_entry *entries, size_t count)
{
    int fd = memfd_create("redial-known", MFD_CLOEXEC);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out) {
        int error = -errno;
        if (fd >= 0)
            close(fd);
        return error;
    }
    int result = write_all(out, entries, count);
    int copy = result == 0 ? dup(fd) : -1; /* the stream closes its own */
    if (result == 0 && copy < 0)
        result = -errno;
    fclose(out);
    if (result < 0)
        return result;
    lseek(copy, 0, SEEK_SET);
    return copy;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static int add_upstream(struct known *known, const char *name)
{
    struct known_upstream *grown =
        reallocarray(known->upstreams, known->count + 1, sizeof *known->upstreams);
    if (!grown)
        return -ENOMEM;
    known->upstreams = grown;
    grown[known->count] = (struct known_upstream){.name = strdup(name)};
    if (!grown[known->count].name)
        return -ENOMEM;
    known->count++;
    return 0;
}

/* Its place, and whether the operator wants no new connections to it. */
static bool parse_place(const char *line, struct place *ret_place, bool *ret_drained)
{
    char text[ADDRESS_TEXT_MAX], word[sizeof DRAINED + 1];
    unsigned tier, weight;
    const char *why;
    int parts = sscanf(line, "%7u %5u %71s %8s", &tier, &weight, text, word);
    if (parts < 3 || tier > TIER_MOST || weight > UINT16_MAX)
        return false;
    *ret_place = (struct place){.tier = tier, .weight = (uint16_t)weight};
    *ret_drained = parts == 4 && strcmp(word, DRAINED) == 0;
    return address_parse(text, &ret_place->address, &why) == 0 &&
           address_is_unicast(&ret_place->address);
}

static int add_place(struct known_upstream *upstream, const struct place *place)
{
    struct place *grown =
        reallocarray(upstream->places, upstream->count + 1, sizeof *upstream->places);
    if (!grown)
        return -ENOMEM;
    upstream->places = grown;
    grown[upstream->count++] = *place;
    return 0;
}

static int add_drained(struct known_upstream *upstream, const struct address *address)
{
    struct address *grown =
        reallocarray(upstream->drained, upstream->drained_count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    upstream->drained = grown;
    grown[upstream->drained_count++] = *address;
    return 0;
}

static int take_place(struct known_upstream *upstream, const char *line)
{
    struct place place;
    bool drained;
    if (!parse_place(line, &place, &drained))
        return 0;
    int result = add_place(upstream, &place);
    return result == 0 && drained ? add_drained(upstream, &place.address) : result;
}

static int take_line(struct known *known, const char *line)
{
    if (strncmp(line, UPSTREAM, strlen(UPSTREAM)) == 0)
        return add_upstream(known, line + strlen(UPSTREAM));
    if (known->count > 0 && strncmp(line, TARGETS, strlen(TARGETS)) == 0)
        known->upstreams[known->count - 1].targets = strtoull(line + strlen(TARGETS), NULL, 16);
    else if (known->count > 0)
        return take_place(&known->upstreams[known->count - 1], line);
    return 0;
}

static int read_lines(FILE *in, struct known *known)
{
    char line[LINE_MOST];
    int result = 0;
    while (result == 0 && fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        result = take_line(known, line);
    }
    return result;
}

int known_read(int fd, struct known **ret_known)
{
    struct known *known = calloc(1, sizeof *known);
    int copy = dup(fd);
    FILE *in = copy >= 0 ? fdopen(copy, "r") : NULL;
    int result = known && in ? 0 : -ENOMEM;
    if (result == 0 && lseek(copy, 0, SEEK_SET) < 0)
        result = -errno; /* a pipe or socket, which would be waited for */
    if (result == 0)
        result = read_lines(in, known);
    if (in)
        fclose(in);
    else if (copy >= 0)
        close(copy);
    if (result < 0) {
        known_free(known);
        return result;
    }
    *ret_known = known;
    return 0;
}

/* --- using --------------------------------------------------------------------------------------
 */

static struct known_upstream *find(const struct known *known, const char *name)
{
    for (size_t i = 0; known && i < known->count; i++)
        if (strcmp(known->upstreams[i].name, name) == 0)
            return &known->upstreams[i];
    return NULL;
}

bool known_is_same(const struct known *known, const struct upstream_config *config)
{
    const struct known_upstream *upstream = find(known, config->name);
    return upstream && upstream->targets == digest(&config->options);
}

struct endpoint_set *known_set(const struct known *known, const char *name)
{
    struct known_upstream *upstream = find(known, name);
    if (!upstream || upstream->count == 0)
        return NULL;
    upstream->count = places_settle(upstream->places, upstream->count);
    return endpoint_set_new(NULL, upstream->places, upstream->count);
}

size_t known_drained(const struct known *known, const char *name,
                     const struct address **ret_addresses)
{
    const struct known_upstream *upstream = find(known, name);
    *ret_addresses = upstream ? upstream->drained : NULL;
    return upstream ? upstream->drained_count : 0;
}

void known_free(struct known *known)
{
    for (size_t i = 0; known && i < known->count; i++) {
        free(known->upstreams[i].name);
        free(known->upstreams[i].places);
        free(known->upstreams[i].drained);
    }
    if (known)
        free(known->upstreams);
    free(known);
}
