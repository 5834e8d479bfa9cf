#include "ctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int client_explain(const struct client *client, int error)
{
    struct text line = {0};
    place_explain(&client->place, error, &line);
    fprintf(stderr, "redialctl: %s\n", text_string(&line));
    text_clear(&line);
    return CLIENT_UNREACHABLE;
}

int client_refuse(const struct http_reply *reply)
{
    struct text lines = {0};
    text_clean_lines(&lines, "", text_string(&reply->body));
    if (lines.length == 0)
        text_add(&lines, "redialctl: redial refuses, and does not say why (HTTP status %d)\n",
                 reply->status);
    fputs(text_string(&lines), stderr);
    text_clear(&lines);
    return CLIENT_REFUSED;
}

int client_ask(const struct client *client, const char *method, const char *target,
               struct text *ret_body)
{
    struct http_reply reply = {0};
    int result = http_ask(&client->place, method, target, client->timeout, &reply);
    if (result < 0)
        return client_explain(client, result);
    if (reply.status / 100 != 2) {
        result = client_refuse(&reply);
        text_clear(&reply.body);
        return result;
    }
    *ret_body = reply.body;
    return 0;
}

int client_parse(const struct text *body, json_t **ret_json)
{
    json_t *json = json_loadb(text_string(body), body->length, 0, NULL);
    if (json_is_object(json)) {
        *ret_json = json;
        return 0;
    }
    json_decref(json);
    return -EBADMSG;
}

int client_get(const struct client *client, const char *target, json_t **ret_json)
{
    struct text body = {0};
    int result = client_ask(client, "GET", target, &body);
    if (result != 0)
        return result;
    result = client_parse(&body, ret_json);
    text_clear(&body);
    return result < 0 ? client_explain(client, result) : 0;
}

int client_print(const struct text *text)
{
    if (fputs(text_string(text), stdout) >= 0 && fflush(stdout) == 0 && !ferror(stdout))
        return CLIENT_DONE;
    fprintf(stderr, "redialctl: the output cannot be written: %s\n", strerror(errno));
    return CLIENT_REFUSED;
}

void client_add_json(struct text *text, const json_t *json, size_t flags)
{
    /* ASCII alone: what steers terminals or turns lines is escaped. But for DEL, which jansson
     * leaves as it is; it can stand in strings only. 15 digits bring a decimal back as it was. */
    char *dump = json_dumps(json, flags | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
    char *rest = dump;
    for (char *part; (part = strsep(&rest, "\x7f"));)
        text_add(text, "%s%s", part, rest ? "\\u007F" : "");
    free(dump);
    text_add(text, "\n");
}

int client_print_json(const json_t *json)
{
    struct text text = {0};
    client_add_json(&text, json, JSON_INDENT(2));
    int result = client_print(&text);
    text_clear(&text);
    return result;
}
