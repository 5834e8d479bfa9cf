#ifndef REDIAL_CTL_CLIENT_H
#define REDIAL_CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "ctl/http.h"
#include "ctl/place.h"
#include "ctl/text.h"

/* The exit statuses of redialctl(1). */
enum {
    CLIENT_DONE = 0,
    CLIENT_REFUSED = 1,     /* redial said no, or what it said could not be written */
    CLIENT_USAGE = 2,       /* the command line makes no sense */
    CLIENT_UNREACHABLE = 3, /* redial cannot be reached, or it is not redial that answers */
};

/* What all commands share. */
struct client {
    struct place place;
    usec_t timeout;
    usec_t wait; /* of `ready`: how long; negative: not at all */
    bool json;
    size_t width; /* columns of a line */
};

/* A request for lines of text. Returns 0 with them, or an exit status when the reason was told on
 * stderr. text_clear() frees the body. */
int client_ask(const struct client *client, const char *method, const char *target,
               struct text *ret_body);

/* GET of the story of an upstream, which json_decref() frees. Returns as client_ask() does. */
int client_get_story(const struct client *client, const char *target, json_t **ret_story);

/* GET /status in the same way. */
int client_get_status(const struct client *client, json_t **ret_status);

/* What an answer is when it is no status of redial's: the error that place_explain() knows, or 0.
 */
int client_parse_status(const struct text *body, json_t **ret_status);

/* Whether redial says exactly this, with 200. */
bool client_says(const struct http_reply *reply, const char *line);

/* Tells on stderr what is wrong with the command line, and which word (NULL: none). Returns
 * CLIENT_USAGE. */
int client_misuse(const char *what, const char *which);

/* Tells on stderr why redial could not be reached. Returns CLIENT_UNREACHABLE. */
int client_explain(const struct client *client, int error);

/* Tells on stderr, line by line, why redial said no. Returns CLIENT_REFUSED; or CLIENT_UNREACHABLE
 * where the words are not redial's. */
int client_refuse(const struct client *client, const struct http_reply *reply);

/* Writes to stdout. Returns CLIENT_DONE, or CLIENT_REFUSED when the reason was told on stderr. */
int client_print(const struct text *text);

/* Writes what client_ask() brought, line by line. Returns as client_print() does. */
int client_print_answer(const struct text *body);

/* The same for JSON, indented, without a byte that steers terminals. */
int client_print_json(const json_t *json);

/* JSON for a terminal or file: with the flags of json_dumps(3). */
void client_add_json(struct text *text, const json_t *json, size_t flags);

#endif
