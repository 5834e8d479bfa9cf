/* What a request is made of: for request.c and http.c, and nobody else. */
#ifndef REDIAL_ADMIN_REQUEST_STATE_H
#define REDIAL_ADMIN_REQUEST_STATE_H

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

struct admin_request {
    struct evhttp_request *http; /* NULL: the client is gone */
    struct evkeyvalq parameters;
    struct admin_request **place; /* where its connection knows it from */
};

/* Makes the request that evhttp has read whole, and notes it in *place until it is answered or
 * lost. Returns NULL without memory. */
struct admin_request *request_new(struct evhttp_request *http, struct admin_request **place);

/* Its connection ends before it was answered. */
void request_lose(struct admin_request *request);

#endif
