#include "daemon/report.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/value.h"

#define ADDRESSES_SHOWN 16
#define ADDRESSES_TEXT (ADDRESSES_SHOWN * ADDRESS_TEXT_MAX + 32)

/* Writes the addresses that `set` has and `other` has not, separated by commas. Returns NULL where
 * there are none. */
static const char *difference(const struct endpoint_set *set, const struct endpoint_set *other,
                              char text[ADDRESSES_TEXT])
{
    size_t found = 0, length = 0;
    text[0] = '\0';
    for (size_t i = 0; set && i < set->count; i++) {
        char address[ADDRESS_TEXT_MAX];
        if (other && endpoint_set_find(other, &set->endpoints[i]->address))
            continue;
        if (found++ < ADDRESSES_SHOWN)
            length += (size_t)snprintf(text + length, ADDRESSES_TEXT - length, "%s%s",
                                       found > 1 ? "," : "",
                                       address_format(&set->endpoints[i]->address, address));
    }
    if (found > ADDRESSES_SHOWN)
        snprintf(text + length, ADDRESSES_TEXT - length, ",and-%zu-more", found - ADDRESSES_SHOWN);
    return found > 0 ? text : NULL;
}

static const char *duration(usec_t span, char text[VALUE_DURATION_MAX])
{
    /* Whole milliseconds: the jitter of a wait is nobody's concern. */
    return value_format_duration(span - span % USEC_PER_MSEC, text);
}

void report_endpoints(const char *upstream, const struct endpoint_set *set,
                      const struct endpoint_set *previous, usec_t ttl)
{
    char added[ADDRESSES_TEXT], removed[ADDRESSES_TEXT], ttl_text[VALUE_DURATION_MAX];
    log_info("endpoints changed", log_text("upstream", upstream), log_number("count", set->count),
             log_text("added", difference(set, previous, added)),
             log_text("removed", difference(previous, set, removed)),
             log_text("ttl", ttl > 0 ? duration(ttl, ttl_text) : NULL));
}

void report_health(void *arg, const char *name, enum dns_type type, enum answer_outcome outcome,
                   bool failing, usec_t retry)
{
    char wait[VALUE_DURATION_MAX];
    (void)arg;
    if (failing)
        log_warning("dns failed", log_text("name", name), log_text("type", dns_type_name(type)),
                    log_text("outcome", answer_outcome_name(outcome)),
                    log_text("retry", duration(retry, wait)));
    else
        log_info("dns recovered", log_text("name", name), log_text("type", dns_type_name(type)));
}

void report_busy(void *arg, unsigned budget)
{
    (void)arg;
    log_warning("half of dns-budget is used: names, TTLs or failures ask for much",
                log_number("dns-budget", budget));
}
