#ifndef REDIAL_ADMIN_REQUEST_H
#define REDIAL_ADMIN_REQUEST_H

#include <stddef.h>

struct evbuffer;

/* A request that waits for its answer: exactly one of the replies below, which ends it. The answer
 * may come later than the handler returns; should the client go meanwhile, or the whole interface,
 * the reply is dropped, and is needed all the same. Main thread only. */
struct admin_request;

#define ADMIN_TEXT "text/plain; charset=utf-8"
#define ADMIN_HTML "text/html; charset=utf-8"
#define ADMIN_JSON "application/json"

/* The largest answer, in bytes. */
#define ADMIN_ANSWER_MOST ((size_t)16 << 20)

/* A parameter of the query, decoded; NULL where it is missing, given twice, or no printable UTF-8.
 * Borrowed until the reply. */
const char *admin_request_parameter(const struct admin_request *request, const char *name);

/* Adds a header to the answer, before the reply. Those of every answer (Cache-Control: no-store,
 * X-Content-Type-Options: nosniff, Cross-Origin-Resource-Policy: same-origin, Connection: close,
 * Content-Length) are there anyway. */
void admin_request_header(struct admin_request *request, const char *name, const char *value);

/* Answers with bytes, which are copied. */
void admin_reply(struct admin_request *request, int status, const char *type, const void *bytes,
                 size_t size);

/* Answers with what the buffer holds, without a copy: it is empty afterwards, and the caller's. */
void admin_reply_buffer(struct admin_request *request, int status, const char *type,
                        struct evbuffer *body);

/* Answers with one line of plain text, to which the newline is added. */
void admin_reply_line(struct admin_request *request, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
