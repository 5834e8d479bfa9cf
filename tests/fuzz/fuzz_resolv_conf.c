/* The text of a resolv.conf. */
#include "discovery/resolv_conf.h"

#include <ctype.h>
#include <string.h>

#include "target.h"

static void check_search(const char *name)
{
    size_t length = strlen(name);
    expect(length > 0 && length <= RESOLV_CONF_NAME_MOST && name[length - 1] != '.');
    for (size_t i = 0; i < length; i++)
        expect(!isupper((unsigned char)name[i]) && !isspace((unsigned char)name[i]));
}

/* Each name that is asked for is the name alone, or with one suffix; the name alone is among them.
 */
static void check_candidates(const struct resolv_conf *conf, const char *name)
{
    char text[RESOLV_CONF_NAME_MOST + 1];
    size_t n = 0, bare = 0;
    for (; resolv_conf_candidate(conf, name, true, n, text); n++) {
        expect(n <= conf->search_count && strlen(text) <= RESOLV_CONF_NAME_MOST);
        expect(*text == '\0' || strncmp(text, name, strlen(name)) == 0);
        bare += strcmp(text, name) == 0;
    }
    expect(n == conf->search_count + 1 && bare == 1);
    expect(resolv_conf_candidate(conf, name, false, 0, text) && strcmp(text, name) == 0);
    expect(!resolv_conf_candidate(conf, name, false, 1, text));
}

/* A search list behind the text takes the place of those before it; a server is one more. */
static void check_more(const uint8_t *data, size_t size, const struct resolv_conf *before)
{
    static const char more[] = "\nsearch only.test\nnameserver 10.0.0.53";
    struct resolv_conf conf;
    char *text = malloc(size + sizeof more);
    expect(text);
    memcpy(text, data, size);
    memcpy(text + size, more, sizeof more);
    resolv_conf_parse(text, size + sizeof more, &conf);
    size_t servers = before->server_count + 1;
    expect(conf.server_count == (servers < RESOLV_CONF_SERVERS ? servers : RESOLV_CONF_SERVERS));
    expect(conf.search_count == 1 && strcmp(conf.search[0], "only.test") == 0);
    resolv_conf_clear(&conf);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resolv_conf conf;
    resolv_conf_parse((const char *)data, size, &conf);
    expect(conf.server_count <= RESOLV_CONF_SERVERS && conf.search_count <= RESOLV_CONF_SEARCH);
    expect(conf.ndots <= 15 && conf.timeout <= 30 && conf.attempts <= 5);
    for (size_t i = 0; i < conf.server_count; i++)
        expect(address_port(&conf.servers[i]) == 53);
    for (size_t i = 0; i < conf.search_count; i++)
        check_search(conf.search[i]);
    check_candidates(&conf, "name");
    check_candidates(&conf, "a.b.c");
    if (size > 0 && !memchr(data, '\0', size)) /* which ends the text */
        check_more(data, size, &conf);
    resolv_conf_clear(&conf);
    expect(conf.search_count == 0);
    return 0;
}
