/* An HTTP server that says what the test wrote, on a Unix socket or an address, in a thread of its
 * own: one connection after the other. Functions may be called from any thread; those that fail
 * abort. */
#ifndef CTL_FIXTURE_H
#define CTL_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

struct fixture;

/* Listens on "unix:/path" or "127.0.0.1:3001". */
struct fixture *fixture_start(const char *address);

/* The answer to "GET /status" from now on: with its length, and the connection's end. */
void fixture_set(struct fixture *fixture, const char *request, int status, const char *body);

/* The same from a file. */
void fixture_set_file(struct fixture *fixture, const char *request, const char *path);

/* These bytes are all that is said, and then the end. */
void fixture_set_raw(struct fixture *fixture, const char *request, const void *bytes,
                     size_t length);

/* These bytes, and then nothing more, without an end. */
void fixture_set_hanging(struct fixture *fixture, const char *request, const char *bytes);

/* The head of an answer and then bytes for ever. */
void fixture_set_endless(struct fixture *fixture, const char *request);

/* How many requests have come. */
size_t fixture_count(struct fixture *fixture);

/* The index-th of them, "GET /status" and a header's line such as "Host: localhost"; to be freed,
 * NULL when there is none. */
char *fixture_request(struct fixture *fixture, size_t index);
char *fixture_header(struct fixture *fixture, size_t index, const char *name);

/* Waits until so many requests have come: false when ms milliseconds passed. */
bool fixture_wait(struct fixture *fixture, size_t count, int ms);

/* Ends the thread, closes and removes the socket, frees. NULL is allowed. */
void fixture_stop(struct fixture *fixture);

#endif
