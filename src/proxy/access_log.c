#include "proxy/access_log.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "proxy/stream.h"

/* Who a client is: an address, or a process of this host. */
struct client_text {
    char address[ADDRESS_TEXT_MAX];
    char pid[16], uid[16]; /* "" for an address */
};

static void format_client(const struct access_entry *entry, struct client_text *text)
{
    struct ucred process;
    *text = (struct client_text){.address = "unix"};
    if (entry->client_address->family != AF_UNSPEC) {
        address_format(entry->client_address, text->address);
    } else if (stream_peer_process(entry->client, &process)) {
        snprintf(text->pid, sizeof text->pid, "%d", (int)process.pid);
        snprintf(text->uid, sizeof text->uid, "%u", (unsigned)process.uid);
    }
}

static const char *text_or_none(const char *text)
{
    return *text != '\0' ? text : NULL;
}

void access_log_write(const struct access_entry *entry)
{
    struct client_text client;
    char endpoint[ADDRESS_TEXT_MAX] = "-";
    format_client(entry, &client);
    if (entry->endpoint)
        address_format(entry->endpoint, endpoint);
    const struct log_field fields[] = {
        log_text("upstream", entry->upstream),
        log_text("client", client.address),
        log_text("client_pid", text_or_none(client.pid)),
        log_text("client_uid", text_or_none(client.uid)),
        log_text("endpoint", endpoint),
        log_number("attempts", entry->attempts),
        log_msec("connect_ms", entry->connect),
        log_msec("total_ms", entry->total),
        log_number("bytes_up", entry->bytes_up),
        log_number("bytes_down", entry->bytes_down),
        log_text("end", entry->end),
    };
    log_write(LOG_LEVEL_INFO, "connection", fields, sizeof fields / sizeof *fields);
}
