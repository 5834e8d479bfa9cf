/* The HTTP side of the admin interface with a few routes, on a Unix socket and on TCP, in the
 * test's own thread: whoever waits here turns the loop meanwhile. */
#ifndef UNIT_ADMIN_RIG_H
#define UNIT_ADMIN_RIG_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/http.h"

enum rig_door { RIG_UNIX, RIG_TCP };

/* GET / (HTML), /hello ("hello"), /both, /name (the parameter `name`), /later (when rig_answer() is
 * called), /big (RIG_BIG bytes), /huge (more than any answer may have), /lines (what is no single
 * line); POST /do, /both. */
#define RIG_BIG ((size_t)12 << 20)

extern struct rig {
    struct event_base *base;
    struct admin_http *http;
    struct admin_listener listeners[2];
    size_t handled;                /* how often any of them was called */
    struct admin_request *waiting; /* of /later */
} rig;

void rig_start(void);
void rig_stop(void);

/* Turns the loop once; it waits some milliseconds at the most. */
void rig_turn(void);

/* Turns the loop until so many connections are open: fails the test after two seconds. */
void rig_await(size_t connections);

/* A client; everything about it is non-blocking. */
int rig_connect(enum rig_door door);

/* Sends as much as the socket takes while the loop turns. Returns how many bytes that were: fewer
 * than all where the other end closes. */
size_t rig_send(int fd, const void *bytes, size_t length);
size_t rig_say(int fd, const char *text);

/* Reads until the other end closes, and closes. Returns the text, good until the next call, and
 * its length in *ret_length where that is not NULL. A reset counts as an end. Fails the test where
 * no end comes for two seconds. */
const char *rig_hear(int fd, size_t *ret_length);

/* Connects, says it and hears the answer. */
const char *rig_ask(enum rig_door door, const char *request);

/* Asks with Host: localhost and nothing else. */
const char *rig_get(enum rig_door door, const char *first_words);

/* Answers the request that /later holds. */
void rig_answer(void);

/* Whether the answer has that status; and all that every answer must have. */
void ck_answer(const char *answer, int status);

/* The body of an answer. */
const char *rig_body(const char *answer);

#endif
