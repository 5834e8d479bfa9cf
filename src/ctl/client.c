#include "ctl/client.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/field.h"

int client_misuse(const char *what, const char *which)
{
    struct text word = {0};
    text_clean(&word, which);
    fprintf(stderr, "redialctl: %s%s%s (redialctl --help tells more)\n", what, which ? ": " : "",
            text_string(&word));
    text_clear(&word);
    return CLIENT_USAGE;
}

int client_explain(const struct client *client, int error)
{
    struct text line = {0};
    place_explain(&client->place, error, &line);
    fprintf(stderr, "redialctl: %s\n", text_string(&line));
    text_clear(&line);
    return CLIENT_UNREACHABLE;
}

int client_refuse(const struct client *client, const struct http_reply *reply)
{
    struct text lines = {0};
    if (!reply->plain)
        return client_explain(client, -EBADMSG);
    text_clean_lines(&lines, "", text_string(&reply->body));
    if (lines.length == 0)
        text_add(&lines, "redialctl: redial refuses, and does not say why (HTTP status %d)\n",
                 reply->status);
    fputs(text_string(&lines), stderr);
    text_clear(&lines);
    return CLIENT_REFUSED;
}

/* Over TCP redial changes nothing, and tells how curl would do it. */
static int refuse_change(const struct client *client)
{
    struct text line = {0};
    text_clean(&line, client->place.host);
    fprintf(stderr,
            "redialctl: %s:%s answers questions and does nothing else: -s PATH names the Unix "
            "socket of redial (by default " PLACE_DEFAULT ")\n",
            text_string(&line), client->place.port);
    text_clear(&line);
    return CLIENT_REFUSED;
}

/* The answer of a request that was done: text_clear() frees its body. Returns 0, or an exit status
 * when the reason was told on stderr. */
static int ask(const struct client *client, const char *method, const char *target,
               struct http_reply *ret_reply)
{
    struct http_reply reply = {0};
    int result = http_ask(&client->place, method, target, client->timeout, &reply);
    if (result < 0)
        return client_explain(client, result);
    if (reply.status / 100 != 2) {
        bool change =
            client->place.host && reply.plain && reply.status == 403 && strcmp(method, "POST") == 0;
        result = change ? refuse_change(client) : client_refuse(client, &reply);
        text_clear(&reply.body);
        return result;
    }
    *ret_reply = reply;
    return 0;
}

int client_ask(const struct client *client, const char *method, const char *target,
               struct text *ret_body)
{
    struct http_reply reply;
    int result = ask(client, method, target, &reply);
    if (result != 0)
        return result;
    if (!reply.plain) {
        text_clear(&reply.body);
        return client_explain(client, -EBADMSG);
    }
    *ret_body = reply.body;
    return 0;
}

bool client_says(const struct http_reply *reply, const char *line)
{
    return reply->status == 200 && reply->plain && reply->body.length == strlen(line) &&
           memcmp(text_string(&reply->body), line, reply->body.length) == 0;
}

/* Other servers have objects, too. */
static int parse(const struct text *body, bool (*is_meant)(const json_t *json), json_t **ret_json)
{
    json_t *json = json_loadb(text_string(body), body->length, 0, NULL);
    if (json && is_meant(json)) {
        *ret_json = json;
        return 0;
    }
    json_decref(json);
    return -EBADMSG;
}

static bool is_status(const json_t *json)
{
    return field_text(json, "version") && isfinite(field_number(json, "pid"));
}

static bool is_story(const json_t *json)
{
    return field(json, "upstream") && field(json, "questions");
}

int client_parse_status(const struct text *body, json_t **ret_status)
{
    return parse(body, is_status, ret_status);
}

static int get(const struct client *client, const char *target,
               bool (*is_meant)(const json_t *json), json_t **ret_json)
{
    struct http_reply reply;
    int result = ask(client, "GET", target, &reply);
    if (result != 0)
        return result;
    result = parse(&reply.body, is_meant, ret_json);
    text_clear(&reply.body);
    return result < 0 ? client_explain(client, result) : 0;
}

int client_get_story(const struct client *client, const char *target, json_t **ret_story)
{
    return get(client, target, is_story, ret_story);
}

int client_get_status(const struct client *client, json_t **ret_status)
{
    return get(client, "/status", is_status, ret_status);
}

int client_print(const struct text *text)
{
    if (fputs(text_string(text), stdout) >= 0 && fflush(stdout) == 0 && !ferror(stdout))
        return CLIENT_DONE;
    fprintf(stderr, "redialctl: the output cannot be written: %s\n", strerror(errno));
    return CLIENT_REFUSED;
}

int client_print_answer(const struct text *body)
{
    struct text lines = {0};
    text_clean_lines(&lines, "", text_string(body));
    int result = client_print(&lines);
    text_clear(&lines);
    return result;
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
