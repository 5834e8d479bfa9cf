#include "ctl/upgrade.h"

#include <errno.h>
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

/* An upgrade that was asked for. */
struct upgrade {
    const struct client *client;
    double pid;    /* of the process that was asked */
    bool stopping; /* it was seen to be */
};

/* Whether it went on as before. One that stops may have handed over already, and may have been told
 * to stop: who answers next tells. */
static bool has_failed(struct upgrade *upgrade, const json_t *status)
{
    bool stopping = field_is(status, "state", "stopping");
    upgrade->stopping = upgrade->stopping || stopping;
    return !stopping && !field_is_true(status, "upgrade.under_way");
}

/* The first status that tells the end. Between one process and the next there may be a moment in
 * which nobody answers. Returns 0 or why there is none. */
static int await(struct upgrade *upgrade, json_t **ret_status)
{
    usec_t patience = clock_now() + upgrade->client->timeout;
    for (;;) {
        json_t *status = NULL;
        int result = get_status(upgrade->client, &status);
        if (result == 0 &&
            (field_number(status, "pid") != upgrade->pid || has_failed(upgrade, status))) {
            *ret_status = status;
            return 0;
        }
        if (result == 0)
            patience = clock_now() + upgrade->client->timeout;
        else if (clock_now() >= patience)
            return result;
        json_decref(status);
        poll(NULL, 0, PAUSE_MS);
    }
}

/* Nobody answers any more. That nobody is there says no more than this, and would have redial not
 * run at all. */
static int tell_silence(const struct upgrade *upgrade, int error)
{
    if (!upgrade->stopping && error != -ECONNREFUSED && error != -ENOENT)
        client_explain(upgrade->client, error);
    fprintf(stderr,
            "redialctl: process %.0f %s: it was stopped meanwhile, or the new configuration names "
            "another admin socket: look at redial's log\n",
            upgrade->pid,
            upgrade->stopping ? "ends, and no successor was seen"
                              : "has begun the upgrade, and nobody answers since");
    return CLIENT_UNREACHABLE;
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

static int wait_for_end(struct upgrade *upgrade)
{
    json_t *status = NULL;
    int result = await(upgrade, &status);
    if (result < 0)
        return tell_silence(upgrade, result);
    result = tell(upgrade->pid, status);
    json_decref(status);
    return result;
}

int upgrade_run(const struct client *client, char **arguments)
{
    struct upgrade upgrade = {.client = client};
    struct text body = {0};
    json_t *status;
    (void)arguments;
    int result = client_get_status(client, &status);
    if (result != 0)
        return result;
    upgrade.pid = field_number(status, "pid");
    bool shown = json_is_object(field(status, "upgrade")); /* earlier builds say nothing of it */
    json_decref(status);
    result = client_ask(client, "POST", "/upgrade", &body);
    if (result == 0)
        result = shown ? wait_for_end(&upgrade) : client_print_answer(&body);
    text_clear(&body);
    return result;
}
