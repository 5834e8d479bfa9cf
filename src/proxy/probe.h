#ifndef REDIAL_PROXY_PROBE_H
#define REDIAL_PROXY_PROBE_H

#include "base/address.h"
#include "base/clock.h"
#include "proxy/connect.h"

struct event_base;
struct upstream_options;

/* redial's own question to an address: does anybody accept? */
struct probe;

/* `took` is the time since probe_start(). The probe is gone when this is called. */
typedef void probe_callback(void *arg, enum connect_outcome outcome, usec_t took);

/* Starts a connect that may take `timeout`, by connect_open(), and resets it as soon as it is made,
 * before it has cost the other side's program anything. Returns 0 and never calls back before it
 * returns; then exactly one callback, unless probe_cancel() is called first. Returns -errno where
 * it failed at once. */
int probe_start(struct event_base *base, const struct address *address,
                const struct upstream_options *options, usec_t timeout, probe_callback *callback,
                void *arg, struct probe **ret_probe);

/* No callback comes. Accepts NULL. */
void probe_cancel(struct probe *probe);

#endif
