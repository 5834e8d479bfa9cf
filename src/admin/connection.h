#ifndef REDIAL_ADMIN_CONNECTION_H
#define REDIAL_ADMIN_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

struct admin_request;
struct bufferevent;
struct event_base;
struct evhttp_connection;
struct evhttp_request;

/* What is the matter with a request that nobody is to answer otherwise. */
struct refusal {
    int status; /* 0: nothing */
    const char *why;
};

/* A client's connection. evhttp reads and writes it; this sees to that it ends in time, and that
 * evhttp reads nothing but one well-formed request. */
struct connection;

/* The places for connections of one kind of listener. */
struct places;

#define PLACES 8

/* Returns NULL without memory. */
struct places *places_new(struct event_base *base);

/* Drops all connections. Accepts NULL. */
void places_free(struct places *places);

size_t places_taken(const struct places *places);

/* How long, in microseconds, it is until places_take() drops nobody who has not had his chance. */
usec_t places_wait(struct places *places);

/* Takes a place for a connection that evhttp is about to make, and makes the bufferevent for it;
 * another one is dropped where all places are taken. Fits evhttp_set_bevcb(), `arg` are the places.
 * Returns NULL without memory. */
struct bufferevent *places_take(struct event_base *base, void *arg);

/* The connection of evhttp's, or NULL. */
struct connection *places_find(struct places *places, const struct evhttp_connection *evcon);

/* evhttp has read the whole request. Returns what is the matter with it. Afterwards `request` is
 * noted there until it is answered. */
const struct refusal *connection_begin(struct connection *connection, struct evhttp_request *http);
struct admin_request **connection_request(struct connection *connection);

/* Whether its method was neither GET nor HEAD nor POST. To evhttp it is GET then. */
bool connection_is_other(const struct connection *connection);

#endif
