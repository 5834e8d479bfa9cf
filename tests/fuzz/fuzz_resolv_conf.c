/* The text of a resolv.conf(5), and the names that its search list makes. */
#include "discovery/resolv_conf.h"

#include <string.h>

#include "target.h"

static void check_conf(const struct resolv_conf *conf)
{
    expect(conf->server_count <= RESOLV_CONF_SERVERS && conf->search_count <= RESOLV_CONF_SEARCH);
    expect(conf->ndots <= 15 && conf->timeout <= 30 && conf->attempts <= 5);
    for (size_t i = 0; i < conf->server_count; i++)
        expect(address_port(&conf->servers[i]) == 53);
    for (size_t i = 0; i < conf->search_count; i++) {
        size_t length = strlen(conf->search[i]);
        expect(length > 0 && length <= RESOLV_CONF_NAME_MOST);
    }
}

/* The name itself is always among them, once, unless it is too long. */
static void check_candidates(const struct resolv_conf *conf, const char *name)
{
    char text[RESOLV_CONF_NAME_MOST + 1];
    size_t count = 0, bare = 0;
    while (resolv_conf_candidate(conf, name, true, count, text)) {
        expect(strlen(text) <= RESOLV_CONF_NAME_MOST);
        bare += strcmp(text, name) == 0;
        count++;
    }
    expect(count == conf->search_count + 1 && bare == 1);
    expect(resolv_conf_candidate(conf, name, false, 0, text) && strcmp(text, name) == 0);
    expect(!resolv_conf_candidate(conf, name, false, 1, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resolv_conf conf;
    resolv_conf_parse((const char *)data, size, &conf);
    check_conf(&conf);
    check_candidates(&conf, "a");
    check_candidates(&conf, "name.internal");
    resolv_conf_clear(&conf);
    return 0;
}
