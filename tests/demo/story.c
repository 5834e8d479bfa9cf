#include "story.h"

#include "screen.h"
#include "traffic.h"

#include "tests/lib/daemon.h"
#include "tests/lib/dns_script.h"
#include "tests/lib/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 300, ACT_MS = 1500, SLACK_MS = 1000, LOG_LINES = 16 };

enum act { ACT_SPREAD, ACT_DEATH, ACT_CHANGE, ACT_NEWCOMER, ACTS };

static const char *const act_names[ACTS] = {"spread", "one dead", "DNS change", "newcomer"};

static bool open_the_curtain(struct stage *stage)
{
    screen_title(
        "redial: the application connects to a port on localhost; redial finds who is behind it");
    screen_say("A DNS server on %s says, for %u seconds at a time:", dns_script_address(stage->dns),
               stage->ttl);
    for (int i = 1; i <= 3; i++) {
        stage_start_backend(stage, i);
    }
    stage_publish(stage, "123", "");
    char record[128];
    stage_record(stage, record, sizeof(record));
    screen_quote(STAGE_NAME "  %u  A  %s", stage->ttl, record);
    screen_say("A backend runs on each of these addresses, port %u. And now redial, beside the "
               "application:",
               stage->port);
    bool ready = stage_start_redial(stage);
    screen_verdict(ready, "redial listens on %s", stage->listen);
    if (!ready) {
        char *log = daemon_log(stage->redial);
        fputs(log, stdout);
        free(log);
    }
    return ready;
}

static void act_spread(struct stage *stage, struct traffic *traffic)
{
    screen_title("1. Requests are spread over three backends");
    screen_say("%d requests to %s, a new connection each:", REQUESTS, stage->listen);
    traffic_send(traffic, stage, REQUESTS, ACT_MS);
    screen_verdict(traffic->served[1] == REQUESTS / 3 && traffic->served[2] == REQUESTS / 3 &&
                       traffic->served[3] == REQUESTS / 3,
                   "each backend answered exactly %d", REQUESTS / 3);
}

static void act_death(struct stage *stage, struct traffic *traffic)
{
    screen_title("2. Backend 2 is killed; the DNS does not know it yet");
    stage_kill_backend(stage, 2);
    traffic_send(traffic, stage, REQUESTS, ACT_MS);
    screen_verdict(traffic->failed == 0, "%u of %d requests failed: redial dialled another address",
                   traffic->failed, REQUESTS);
    screen_verdict(traffic->served[2] == 0 && traffic->served[1] > 0 && traffic->served[3] > 0,
                   "backends 1 and 3 answered them all");
}

static void act_change(struct stage *stage, struct traffic *traffic)
{
    screen_title("3. The DNS record changes: backend 2 goes, backend 4 comes");
    stage_start_backend(stage, 4);
    stage_publish(stage, "4", "2");
    char record[128];
    stage_record(stage, record, sizeof(record));
    screen_quote(STAGE_NAME "  %u  A  %s", stage->ttl, record);
    screen_say("The requests go on; redial may use its last answer for %u seconds ...", stage->ttl);
    int limit = limit_ms((int)stage->ttl * 1000 + SLACK_MS);
    int ms = traffic_send_until(traffic, stage, 4, limit);
    screen_verdict(ms >= 0, "%s %.1f s",
                   ms >= 0 ? "backend 4 got its first request after"
                           : "backend 4 got no request within",
                   (ms >= 0 ? ms : limit) / 1000.0);
    char line[512];
    if (daemon_get_line(stage->redial, "endpoints changed|127.0.0.14", 0, line, sizeof(line))) {
        screen_quote("%s", line);
    }
    screen_verdict(traffic->failed == 0, "%u of %u requests failed meanwhile", traffic->failed,
                   traffic->sent);
}

static void act_newcomer(struct stage *stage, struct traffic *traffic)
{
    screen_title("4. The new backend has its share");
    traffic_send(traffic, stage, REQUESTS, ACT_MS);
    screen_verdict(traffic->served[1] == REQUESTS / 3 && traffic->served[3] == REQUESTS / 3 &&
                       traffic->served[4] == REQUESTS / 3,
                   "each of the three answered exactly %d", REQUESTS / 3);
}

/* A row: a count for each act, and their sum. */
static void print_row(const char *label, const unsigned *counts, const char *remark)
{
    unsigned sum = 0;
    printf("    %-24s", label);
    for (int act = 0; act < ACTS; act++) {
        printf("%11u", counts[act]);
        sum += counts[act];
    }
    printf("%11u%s%s\n", sum, remark[0] != '\0' ? "   " : "", remark);
}

static const char *fate(const struct backend *backend)
{
    if (!backend->published) {
        return backend->alive ? "left the DNS" : "killed, left the DNS";
    }
    return backend->alive ? "" : "killed";
}

static unsigned print_table(const struct stage *stage, const struct traffic *acts)
{
    unsigned counts[ACTS];
    unsigned failed = 0;
    screen_title("Who served how many requests");
    printf("    %-24s", "");
    for (int act = 0; act < ACTS; act++) {
        printf("%11s", act_names[act]);
    }
    printf("%11s\n", "all");
    for (int i = 1; i <= 4; i++) {
        char label[64];
        snprintf(label, sizeof(label), "backend %d, %s", i, stage->backends[i].ip);
        for (int act = 0; act < ACTS; act++) {
            counts[act] = acts[act].served[i];
        }
        print_row(label, counts, fate(&stage->backends[i]));
    }
    for (int act = 0; act < ACTS; act++) {
        counts[act] = acts[act].failed;
        failed += acts[act].failed;
    }
    print_row("failed", counts, "");
    return failed;
}

static void print_log(const struct stage *stage)
{
    screen_title("What redial logged");
    char *log = daemon_log(stage->redial);
    char *rest = log;
    int lines = 0;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (line[0] != '\0' && ++lines <= LOG_LINES) {
            screen_quote("%s", line);
        }
    }
    if (lines > LOG_LINES) {
        screen_quote("... and %d lines more", lines - LOG_LINES);
    }
    free(log);
}

void story_tell(struct stage *stage)
{
    struct traffic acts[ACTS] = {0};
    if (!open_the_curtain(stage)) {
        return;
    }
    act_spread(stage, &acts[ACT_SPREAD]);
    act_death(stage, &acts[ACT_DEATH]);
    act_change(stage, &acts[ACT_CHANGE]);
    act_newcomer(stage, &acts[ACT_NEWCOMER]);
    unsigned failed = print_table(stage, acts);
    print_log(stage);
    printf("\n");
    screen_verdict(failed == 0, "requests that failed: %u", failed);
}
