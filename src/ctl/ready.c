#include "ctl/ready.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#define PAUSE (100 * USEC_PER_MSEC)

/* What one look came to: 0 and an answer, or why there was none. A look takes no longer than what
 * is left of the wait, since what answers may hang. */
static int look(const struct client *client, usec_t left, struct http_reply *ret_reply)
{
    usec_t timeout = left > 0 && left < client->timeout ? left : client->timeout;
    *ret_reply = (struct http_reply){0};
    return http_ask(&client->place, "GET", "/readyz", timeout, ret_reply);
}

static int say(const char *word)
{
    struct text line = {0};
    text_add(&line, "%s", word);
    int result = client_print(&line);
    text_clear(&line);
    return result;
}

/* Says the word if redial says the line. */
static int judge(const struct client *client, const struct http_reply *reply, const char *line,
                 const char *word)
{
    if (client_says(reply, line))
        return say(word);
    return reply->status == 200 ? client_explain(client, -EBADMSG) : client_refuse(client, reply);
}

int ready_run(const struct client *client, char **arguments)
{
    usec_t until = clock_now() + client->wait;
    struct http_reply reply;
    int result;
    (void)arguments;
    for (;;) {
        result = look(client, client->wait >= 0 ? until - clock_now() : 0, &reply);
        usec_t left = until - clock_now();
        if ((result == 0 && client_says(&reply, "ready\n")) || client->wait < 0 || left <= 0)
            break;
        text_clear(&reply.body);
        usec_t pause = left < PAUSE ? left : PAUSE;
        poll(NULL, 0, (int)(pause / USEC_PER_MSEC) + 1);
    }
    if (result == 0) {
        result = judge(client, &reply, "ready\n", "ready\n");
    } else {
        bool late = client->wait >= 0 && result != -EBADMSG; /* it had the time to come */
        result = client_explain(client, result);
        result = late ? CLIENT_REFUSED : result;
    }
    text_clear(&reply.body);
    return result;
}

int healthy_run(const struct client *client, char **arguments)
{
    struct http_reply reply = {0};
    (void)arguments;
    int result = http_ask(&client->place, "GET", "/healthz", client->timeout, &reply);
    result =
        result < 0 ? client_explain(client, result) : judge(client, &reply, "ok\n", "healthy\n");
    text_clear(&reply.body);
    return result;
}
