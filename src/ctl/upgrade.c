#include "ctl/upgrade.h"

#include <poll.h>
#include <stdio.h>

#include "ctl/field.h"

#define PAUSE_MS 100

static int get_status(const struct client *client, json_t **ret_status)
{
    struct http_reply reply = {0};
    int result = http_ask(&client->place, "GET", "/status", client->timeout, &reply);
    if (result == 0)
        result = client_parse_status(&reply.body, ret_status);
    text_clear(&reply.body);
    return result;
}

/* The first status that tells the end. Between one process and the next there may be a moment in
 * which nobody answers. Returns 0 or why there is none. */
static int await(const struct client *client, double pid, json_t **ret_status)
{
    usec_t patience = clock_now() + client->timeout;
    for (;;) {
        json_t *status = NULL;
        int result = get_status(client, &status);
        if (result == 0 &&
            (field_number(status, "pid") != pid || !field_is_true(status, "upgrade.under_way"))) {
            *ret_status = status;
            return 0;
        }
        if (result == 0)
            patience = clock_now() + client->timeout;
        else if (clock_now() >= patience)
            return result;
        json_decref(status);
        poll(NULL, 0, PAUSE_MS);
    }
}

static int tell(double pid, const json_t *status)
{
    struct text line = {0};
    double successor = field_number(status, "pid");
    int result = CLIENT_REFUSED;
    if (successor != pid) {
        text_add(&line, "upgraded: process %.0f has taken over, %.0f ends with its connections\n",
                 successor, pid);
        result = client_print(&line);
    } else {
        const json_t *errors = field(status, "upgrade.last_error.errors");
        const char *why = json_string_value(json_array_get(errors, 0));
        text_add(&line, "redialctl: the upgrade failed, process %.0f goes on: ", pid);
        text_clean(&line, why ? why : "it does not say why");
        fprintf(stderr, "%s\n", text_string(&line));
    }
    text_clear(&line);
    return result;
}

int upgrade_run(const struct client *client, char **arguments)
{
    struct text body = {0};
    json_t *status = NULL;
    (void)arguments;
    int result = client_get_status(client, &status);
    double pid = field_number(status, "pid");
    json_decref(status);
    if (result == 0)
        result = client_ask(client, "POST", "/upgrade", &body);
    text_clear(&body);
    if (result != 0)
        return result;
    result = await(client, pid, &status);
    if (result < 0)
        return client_explain(client, result);
    result = tell(pid, status);
    json_decref(status);
    return result;
}
