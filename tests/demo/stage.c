#include "stage.h"

#include "screen.h"

#include "tests/lib/daemon.h"
#include "tests/lib/dns_script.h"
#include "tests/lib/moment.h"
#include "tests/lib/peer.h"
#include "tests/lib/port.h"

#include <stdio.h>
#include <string.h>

void stage_open(struct stage *stage, unsigned ttl)
{
    *stage = (struct stage){.ttl = ttl, .port = port_reserve()};
    stage->dns = dns_script_start(NULL, 0);
    stage->peers = peers_start();
    for (int i = 1; i <= STAGE_BACKENDS; i++) {
        snprintf(stage->backends[i].ip, sizeof(stage->backends[i].ip), "127.0.0.1%d", i);
    }
    snprintf(stage->listen, sizeof(stage->listen), "127.0.0.1:%u", port_reserve());
}

int stage_close(struct stage *stage)
{
    int status = daemon_stop(stage->redial);
    dns_script_stop(stage->dns);
    peers_stop(stage->peers);
    return status;
}

void stage_start_backend(struct stage *stage, int number)
{
    struct backend *backend = &stage->backends[number];
    if (backend->peer != NULL) {
        peer_set_manner(backend->peer, PEER_HTTP);
    } else {
        char id[64];
        snprintf(id, sizeof(id), "hello from backend %d (%s)", number, backend->ip);
        backend->peer =
            peer_add(stage->peers,
                     &(struct peer_options){
                         .manner = PEER_HTTP, .ip = backend->ip, .port = stage->port, .id = id});
    }
    backend->alive = true;
}

void stage_kill_backend(struct stage *stage, int number)
{
    struct backend *backend = &stage->backends[number];
    if (backend->peer != NULL) {
        peer_kill(backend->peer);
    }
    backend->alive = false;
}

static void mark_published(struct stage *stage, const char *numbers, bool published)
{
    for (; *numbers != '\0'; numbers++) {
        stage->backends[*numbers - '0'].published = published;
    }
}

void stage_publish(struct stage *stage, const char *in, const char *out)
{
    char record[STAGE_BACKENDS * sizeof(stage->backends[0].ip)];
    mark_published(stage, in, true);
    mark_published(stage, out, false);
    stage_record(stage, record, sizeof(record));
    if (record[0] != '\0') {
        dns_script_set(stage->dns, STAGE_NAME, DNS_A, record, stage->ttl);
    } else {
        dns_script_remove(stage->dns, STAGE_NAME);
    }
}

void stage_record(const struct stage *stage, char *text, unsigned size)
{
    text[0] = '\0';
    for (int i = 1; i <= STAGE_BACKENDS; i++) {
        size_t used = strlen(text);
        if (stage->backends[i].published) {
            snprintf(text + used, size - used, "%s%s", used > 0 ? "," : "", stage->backends[i].ip);
        }
    }
}

bool stage_start_redial(struct stage *stage)
{
    char upstream[128];
    snprintf(upstream, sizeof(upstream), "%s=" STAGE_NAME ":%u", stage->listen, stage->port);
    screen_quote("$ redial -r %s %s", dns_script_address(stage->dns), upstream);
    stage->redial = daemon_start_with("-r", dns_script_address(stage->dns), upstream, NULL);
    return daemon_wait_ready(stage->redial, limit_ms(5000)) &&
           daemon_wait_line(stage->redial, "endpoints changed", limit_ms(5000));
}
