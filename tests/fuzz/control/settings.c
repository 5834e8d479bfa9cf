#include "settings.h"

#include <string.h>

#include "../config_folders.h"
#include "../target.h"
#include "config/load.h"
#include "questions.h"

#define TEXT_MOST 1024
/* Of upstreams: the empty one is given as arguments. */
#define SETS (1 << SETTINGS_UPSTREAMS)

static const char *const file_names[] = {"upstreams.d/a.conf", "upstreams.d/b.conf",
                                         "upstreams.d/c.conf"};
static struct config_folders folders = {.names = file_names, .count = SETTINGS_UPSTREAMS};
_Static_assert(COUNT_OF(file_names) == SETTINGS_UPSTREAMS, "a file each");

/* --- the text --------------------------------------------------------------------------------- */

static const char *const targets[] = {
    "a.test:80",
    "b.test:80",
    "a.test:80, b.test:81",
    "10.9.0.1:80",
    "10.9.0.1:80, 10.9.0.2:80, a.test:80",
    "srv:_s._tcp.test",
    "srv:_s._tcp.test, a.test:80",
    "a.test.:80, t0.test:1",
    "[fd00::9]:80, t1.test:1",
    "srv:_r._tcp.test, srv:_s._tcp.test",
    "a.test:80, a.test.:81",
    SETTINGS_OWN_ADDRESS ":80, b.test:80",
    "t0.test:1, t1.test:2, t2.test:3",
};

/* Four choices of one key: two bits of a byte. */
struct key {
    const char *line[4];
};

static const struct key keys[][4] = {
    {{{"[upstream]", "[upstream]\nbalance = least-connections", "[upstream]\nbalance = random-two",
       "[upstream]\nmax-connections = 2"}},
     {{"[dns]", "[dns]\nfamily = ipv4", "[dns]\nfamily = ipv6", "[dns]\nsearch = on"}},
     {{"", "hold = 0", "hold = 1s", "hold = 5m"}},
     {{"", "sample-size = 1", "sample-size = 3", "sample-size = 4096"}}},
    {{{"", "min-ttl = 100ms", "min-ttl = 5s\nmax-ttl = 10s", "max-ttl = 2s"}},
     {{"", "resolver = 192.0.2.1", "resolver = 192.0.2.2, 192.0.2.3",
       "resolver = " QUESTIONS_BAD_SERVER}},
     {{"[zone]", "[zone]\nprefer = 10.0.0.0/30", "[zone]\nprefer = fd00::/16",
       "[zone]\nprefer = 10.9.0.0/24, 10.0.0.8/29"}},
     {{"[connect]", "[connect]\ntimeout = 10ms", "[connect]\nattempts = 3",
       "[session]\nremoved = drain 10s"}}},
    {{{"[eject]", "[eject]\nfailures = off", "[eject]\nfailures = 2", "[eject]\nfailures = 3"}},
     {{"", "base = 100ms", "max = 2s", "base = 10m\nmax = 1h"}},
     {{"[check]", "[check]\ninterval = 1s", "[check]\ninterval = 30s\nfall = 1\nrise = 1",
       "[check]\ninterval = 5s\ntimeout = 1ms"}},
     {{"", "", "", "interval = often"}}}};

static void write_upstream(struct input *input, unsigned upstream)
{
    char text[TEXT_MOST];
    size_t length =
        (size_t)snprintf(text, sizeof text, "[upstream]\nlisten = 127.0.0.1:%u\ntarget = %s\n",
                         3001 + upstream, targets[input_byte(input) % COUNT_OF(targets)]);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        uint8_t choice = input_byte(input);
        for (size_t j = 0; j < COUNT_OF(keys[i]); j++)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s\n",
                                       keys[i][j].line[choice >> 2 * j & 3]);
    }
    expect(length < sizeof text);
    memory_file_write(&folders.files[upstream], &(struct input){(const uint8_t *)text, length});
}

/* --- as arguments, whose order is the input's ------------------------------------------------- */

static struct config *load(const struct config_sources *sources)
{
    struct errors errors = {0};
    struct config *config = config_load(sources, &errors);
    expect((config == NULL) == (errors.count > 0));
    errors_clear(&errors);
    return config;
}

static struct config *load_arguments(struct input *input, unsigned first)
{
    char text[SETTINGS_UPSTREAMS][TEXT_MOST];
    char *arguments[SETTINGS_UPSTREAMS];
    unsigned count = 1 + input_byte(input) % SETTINGS_UPSTREAMS;
    for (unsigned i = 0; i < count; i++) {
        snprintf(text[i], sizeof text[i], "127.0.0.1:%u=%s",
                 3001 + (first + i) % SETTINGS_UPSTREAMS,
                 targets[input_byte(input) % COUNT_OF(targets)]);
        arguments[i] = text[i];
    }
    return load(&(struct config_sources){.upstreams = arguments, .upstream_count = count});
}

struct config *settings_load(struct input *input)
{
    unsigned choice = input_byte(input), set = choice % SETS;
    config_folders_open(&folders);
    if (set == 0)
        return load_arguments(input, choice / SETS);
    for (unsigned i = 0; i < SETTINGS_UPSTREAMS; i++)
        if (set & 1u << i)
            write_upstream(input, i);
    return load(&(struct config_sources){.path = config_folders_path(&folders, set)});
}
