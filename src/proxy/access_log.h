#ifndef REDIAL_PROXY_ACCESS_LOG_H
#define REDIAL_PROXY_ACCESS_LOG_H

#include <stdint.h>

#include "base/address.h"
#include "base/clock.h"

struct stream;

/* What the access log says of a connection when it ends. All pointers are borrowed for the call. */
struct access_entry {
    const char *upstream;
    const struct stream *client;
    const struct address *client_address; /* "none": a process of this host, by a Unix socket */
    const struct address *endpoint;       /* NULL: none accepted */
    unsigned attempts;
    usec_t connect, total;
    uint64_t bytes_up, bytes_down;
    const char *end;
};

/* Writes one line, whatever log-level is: who turned access-log on wants it. Any thread. */
void access_log_write(const struct access_entry *entry);

#endif
