#ifndef REDIAL_CONFIG_MODEL_H
#define REDIAL_CONFIG_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/listen.h"
#include "config/target.h"

enum balance_policy { BALANCE_ROUND_ROBIN, BALANCE_LEAST_CONNECTIONS, BALANCE_RANDOM_TWO };
enum dns_family { FAMILY_ANY, FAMILY_IPV4, FAMILY_IPV6 };
enum stop_mode { STOP_DRAIN, STOP_LINGER };
enum proxy_protocol { PROXY_PROTOCOL_OFF, PROXY_PROTOCOL_V1, PROXY_PROTOCOL_V2 };

/* As hedge_after: what the connects of the upstream have taken so far decides. */
#define HEDGE_ADAPTIVE ((usec_t)-1)

/* What [redial] says. A count of 0 means "find it out on this host". */
struct global_options {
    int64_t threads;
    int64_t max_connections;
    struct address *resolvers; /* none: those of resolv.conf */
    size_t resolver_count;
    struct listen *admins; /* none: off */
    size_t admin_count;
    int64_t log_level;  /* enum log_level */
    int64_t log_format; /* enum log_format */
    int64_t access_log; /* 0 or 1 */
    usec_t stop_timeout;
    int64_t stop_mode;  /* enum stop_mode */
    int64_t dns_budget; /* packets a second */
};

/* What the other sections say, for one upstream: there may be many. */
struct upstream_options {
    struct listen *listens;
    size_t listen_count;
    struct target *targets;
    size_t target_count;
    struct network *allowed; /* none: loopback alone */
    size_t allowed_count;
    struct address *resolvers; /* none: those of [redial] */
    size_t resolver_count;
    struct network *preferred; /* the own zone; none: no address is preferred */
    size_t preferred_count;
    struct address *sources; /* that connects come from: at most one a family; the ports are 0 */
    size_t source_count;
    usec_t min_ttl, max_ttl;
    usec_t hold;
    usec_t connect_timeout, deadline;
    usec_t hedge_after; /* 0: off; HEDGE_ADAPTIVE */
    usec_t eject_base, eject_max;
    usec_t check_interval; /* 0: off */
    usec_t check_timeout;
    usec_t idle_timeout;      /* 0: off */
    usec_t removed_drain;     /* 0: connections to addresses that are gone live on */
    usec_t max_age;           /* 0: off */
    usec_t user_timeout;      /* 0: off */
    uint32_t max_connections; /* 0: only the process-wide limit */
    uint32_t sample_size;
    uint32_t attempts;       /* 0: no limit */
    uint32_t eject_failures; /* 0: no ejection */
    uint32_t check_rise, check_fall;
    uint8_t balance;        /* enum balance_policy */
    uint8_t family;         /* enum dns_family */
    uint8_t proxy_protocol; /* enum proxy_protocol */
    bool search;
    bool keepalive;
};

#endif
