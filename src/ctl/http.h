#ifndef REDIAL_CTL_HTTP_H
#define REDIAL_CTL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "ctl/place.h"
#include "ctl/text.h"

/* What a longer answer than this is taken for: one that never ends. */
#define HTTP_BODY_MOST (64u << 20)

struct http_reply {
    int status;       /* 200, … */
    bool plain;       /* text/plain, as all that redial says to a person */
    struct text body; /* it may hold anything; a NUL cuts it for who reads it as a string */
};

/* One HTTP/1.0 request (RFC 1945) and its answer, on a connection of its own. */
struct http;

/* Begins to connect. Returns NULL without memory. `target` is a path with its query, `place` is
 * borrowed. */
struct http *http_start(const struct place *place, const char *method, const char *target);

/* What to wait for, as poll(2) wants it. -1: for nothing, the next step will tell. */
int http_fd(const struct http *http);
short http_events(const struct http *http);

/* Goes on as far as it can without waiting. Returns 0 when the answer is there, -EAGAIN as long as
 * it is not, and otherwise why there will be none: what connect(2) says, -EHOSTUNREACH (no such
 * host), -EBADMSG (no HTTP), -EMSGSIZE (too long), -EPIPE (it broke off). */
int http_step(struct http *http);

/* The answer of a request that has ended well; the caller's from now on, text_clear() frees it. */
struct http_reply http_take(struct http *http);

/* Accepts NULL. */
void http_free(struct http *http);

/* All of it, waiting for the answer up to `timeout`. Returns 0 or what http_step() says, or
 * -ETIMEDOUT. */
int http_ask(const struct place *place, const char *method, const char *target, usec_t timeout,
             struct http_reply *ret_reply);

#endif
