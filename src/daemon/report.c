#include "daemon/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/value.h"
#include "discovery/hosts.h"

#define ADDRESSES_SHOWN 16
#define ADDRESSES_TEXT (ADDRESSES_SHOWN * ADDRESS_TEXT_MAX + 32)

/* Writes the addresses that `one` has and `other` has not, separated by commas. Returns NULL where
 * there are none. */
static const char *difference(const struct endpoint_set *one, const struct endpoint_set *other,
                              char text[ADDRESSES_TEXT])
{
    size_t found = 0, length = 0;
    text[0] = '\0';
    for (size_t i = 0; one && i < one->count; i++) {
        char address[ADDRESS_TEXT_MAX];
        if (other && endpoint_set_find(other, &one->endpoints[i]->address))
            continue;
        if (found++ < ADDRESSES_SHOWN)
            length += (size_t)snprintf(text + length, ADDRESSES_TEXT - length, "%s%s",
                                       found > 1 ? "," : "",
                                       address_format(&one->endpoints[i]->address, address));
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

/* Who answered, in words. */
static const char *source_text(const struct reply *reply, char text[ADDRESS_TEXT_MAX])
{
    switch (reply->source) {
    case REPLY_SERVER:
        return address_format(&reply->server, text);
    case REPLY_HOSTS:
        return HOSTS_PATH;
    case REPLY_EXTRAS:
        return "additional-section";
    case REPLY_NOBODY:
        break;
    }
    return "nobody";
}

static void report_answer(const struct lookup_news *news)
{
    char server[ADDRESS_TEXT_MAX], wait[VALUE_DURATION_MAX], ttl[VALUE_DURATION_MAX];
    const struct answer *answer = news->reply->answer;
    bool known = answer->ttl != ANSWER_TTL_UNKNOWN;
    log_debug("dns answer", log_text("name", news->reply->asked),
              log_text("type", dns_type_name(news->type)),
              log_text("outcome", answer_outcome_name(answer->outcome)),
              log_number("count", answer->count),
              log_text("from", source_text(news->reply, server)),
              log_text("ttl", known ? duration((usec_t)answer->ttl * USEC_PER_SEC, ttl) : NULL),
              log_text("next", duration(news->wait, wait)),
              log_text("by", wait_reason_name(news->reason)));
}

void report_lookup(void *arg, const struct lookup_news *news)
{
    char wait[VALUE_DURATION_MAX], server[ADDRESS_TEXT_MAX];
    const struct answer *answer = news->reply->answer;
    (void)arg;
    if (log_enabled(LOG_LEVEL_DEBUG))
        report_answer(news);
    if (news->turned && news->failing)
        log_warning("dns failed", log_text("name", news->name),
                    log_text("type", dns_type_name(news->type)),
                    log_text("outcome", answer_outcome_name(answer->outcome)),
                    log_text("server", source_text(news->reply, server)),
                    log_text("retry", duration(news->wait, wait)));
    else if (news->turned)
        log_info("dns recovered", log_text("name", news->name),
                 log_text("type", dns_type_name(news->type)));
    if (news->fresh && answer->refused > 0)
        log_warning("dns named what nobody can be reached at: it is passed over",
                    log_text("name", news->name), log_text("type", dns_type_name(news->type)),
                    log_number("records", answer->refused));
}

void report_reread(void *arg, int error)
{
    (void)arg;
    if (error < 0)
        log_warning(
            "resolv.conf has changed and cannot be used: the servers that it named serve on",
            log_text("error", error == -ENODATA ? "it names no server" : strerror(-error)));
    else
        log_info("resolv.conf has changed and was read again");
}

void report_busy(void *arg, unsigned budget)
{
    (void)arg;
    log_warning("half of dns-budget is used: names, TTLs or failures ask for much",
                log_number("dns-budget", budget));
}
