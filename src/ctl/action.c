#include "ctl/action.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/log.h"
#include "ctl/field.h"
#include "ctl/status.h"

/* Takes the target. */
static int act(const struct client *client, const char *method, struct text *target)
{
    struct text body = {0};
    int result = client_ask(client, method, text_string(target), &body);
    if (result == 0)
        result = client_print_answer(&body);
    text_clear(target);
    text_clear(&body);
    return result;
}

static int act_plainly(const struct client *client, const char *method, const char *path)
{
    struct text target = {0};
    text_add(&target, "%s", path);
    return act(client, method, &target);
}

/* --- resolve --------------------------------------------------------------------------------- */

static int refuse_many(const json_t *upstreams)
{
    struct text line = {0};
    text_add(&line, "redialctl: there are %zu upstreams, say which:", field_count(upstreams));
    status_add_names(&line, upstreams);
    fprintf(stderr, "%s\n", text_string(&line));
    text_clear(&line);
    return CLIENT_REFUSED;
}

/* The only upstream there is. Returns 0, or an exit status when the reason was told. */
static int add_only_upstream(const struct client *client, struct text *target)
{
    json_t *status;
    int result = client_get_status(client, &status);
    if (result != 0)
        return result;
    const json_t *upstreams = field(status, "upstreams");
    const char *name = field_text(json_array_get(upstreams, 0), "name");
    if (field_count(upstreams) != 1 || !name)
        result = refuse_many(upstreams);
    else
        text_query(target, "upstream", name);
    json_decref(status);
    return result;
}

int action_resolve(const struct client *client, char **arguments)
{
    struct text target = {0};
    int result = 0;
    text_add(&target, "/resolve");
    if (arguments[0])
        text_query(&target, "upstream", arguments[0]);
    else
        result = add_only_upstream(client, &target);
    if (result == 0)
        return act(client, "POST", &target);
    text_clear(&target);
    return result;
}

/* --- the others ------------------------------------------------------------------------------ */

static int act_on_endpoint(const struct client *client, const char *path, char **arguments)
{
    struct text target = {0};
    struct address address;
    const char *why;
    if (address_parse(arguments[0], &address, &why) < 0)
        return client_misuse("an endpoint is ADDRESS:PORT, as redialctl endpoints shows it, not",
                             arguments[0]);
    text_add(&target, "%s", path);
    text_query(&target, "endpoint", arguments[0]);
    if (arguments[1])
        text_query(&target, "upstream", arguments[1]);
    return act(client, "POST", &target);
}

int action_drain(const struct client *client, char **arguments)
{
    return act_on_endpoint(client, "/drain", arguments);
}

int action_undrain(const struct client *client, char **arguments)
{
    return act_on_endpoint(client, "/undrain", arguments);
}

int action_reload(const struct client *client, char **arguments)
{
    (void)arguments;
    return act_plainly(client, "POST", "/reload");
}

int action_log_level(const struct client *client, char **arguments)
{
    struct text target = {0};
    enum log_level level;
    if (!log_level_find(arguments[0], &level))
        return client_misuse("the levels are error, warning, info and debug, not", arguments[0]);
    text_add(&target, "/log-level");
    text_query(&target, "level", arguments[0]);
    return act(client, "POST", &target);
}

int action_config(const struct client *client, char **arguments)
{
    (void)arguments;
    return act_plainly(client, "GET", "/config");
}
