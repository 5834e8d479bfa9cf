#include "scenario.h"

#include "client.h"
#include "daemon.h"
#include "die.h"
#include "dns_script.h"
#include "moment.h"
#include "pattern.h"
#include "peer.h"
#include "port.h"
#include "tempdir.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "name.test"
#define SERVICE "_app._tcp.svc.test"
#define BULK 3000000
#define TRIES 3
#define PATIENCE 5000 /* ms: redial's own deadline is less */

struct ground {
    const char *faulty;
    struct dns_script *dns;
    struct peers *peers;
    struct tempdir *dir;
    uint16_t port;
    int enough; /* descriptors, as of a life without faults; 0: not known yet */
    char name[32], service[32], bulk[32], admin[160]; /* where clients connect */
    char report[160], trace[160];
    char *trace_text;
    char *received; /* of BULK bytes */
};

/* --- the ground ------------------------------------------------------------------------------ */

static void choose_listen(char listen[32])
{
    snprintf(listen, 32, "127.0.0.1:%u", (unsigned)port_reserve());
}

static void write_upstream(struct ground *ground, const char *name, const char *listen,
                           const char *target, const char *more)
{
    char file[64];
    snprintf(file, sizeof(file), "upstreams.d/%s.conf", name);
    tempdir_write(ground->dir, file, "[upstream]\nlisten = %s\ntarget = %s\n%s", listen, target,
                  more);
}

static void write_files(struct ground *ground, bool again)
{
    char target[64];
    tempdir_write(ground->dir, "redial.conf",
                  "[redial]\nresolver = %s\nthreads = 2\nstop-timeout = 2s\naccess-log = on\n"
                  "[connect]\ndeadline = 3s\n",
                  dns_script_address(ground->dns));
    snprintf(target, sizeof(target), NAME ":%u", ground->port);
    write_upstream(ground, "name", ground->name, target,
                   again ? "balance = least-connections\n" : "[dns]\nmin-ttl = 200ms\n");
    write_upstream(ground, "service", ground->service, "srv:" SERVICE, "");
    snprintf(target, sizeof(target), "127.0.0.4:%u", ground->port);
    write_upstream(ground, "bulk", ground->bulk, target, "");
}

struct ground *ground_open(const char *faulty)
{
    struct ground *ground = must_calloc(1, sizeof(*ground));
    char service[64];
    ground->faulty = faulty;
    ground->dns = dns_script_start(NULL, 0);
    ground->peers = peers_start();
    ground->dir = tempdir_create();
    ground->port = port_reserve();
    ground->received = must_calloc(1, BULK);
    peer_add_identify(ground->peers, "127.0.0.2", ground->port);
    peer_add_identify(ground->peers, "127.0.0.3", ground->port);
    peer_add(ground->peers,
             &(struct peer_options){
                 .manner = PEER_SOURCE, .ip = "127.0.0.4", .port = ground->port, .size = BULK});
    dns_script_set(ground->dns, NAME, DNS_A, "127.0.0.2,127.0.0.3", 1);
    snprintf(service, sizeof(service), "one.svc.test:%u/10/1", ground->port);
    dns_script_set(ground->dns, SERVICE, DNS_SRV, service, 1);
    dns_script_set(ground->dns, "one.svc.test", DNS_A, "127.0.0.3", 1);
    choose_listen(ground->name);
    choose_listen(ground->service);
    choose_listen(ground->bulk);
    snprintf(ground->admin, sizeof(ground->admin), "unix:%s/admin.sock", tempdir_path(ground->dir));
    snprintf(ground->report, sizeof(ground->report), "%s/report", tempdir_path(ground->dir));
    snprintf(ground->trace, sizeof(ground->trace), "%s/trace", tempdir_path(ground->dir));
    return ground;
}

void ground_close(struct ground *ground)
{
    dns_script_stop(ground->dns);
    peers_stop(ground->peers);
    tempdir_remove(ground->dir);
    free(ground->trace_text);
    free(ground->received);
    free(ground);
}

static char *read_whole(const char *path)
{
    FILE *stream = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;
    if (stream && getdelim(&text, &size, '\0', stream) < 0 && text)
        text[0] = '\0';
    if (stream)
        fclose(stream);
    return text ? text : must_copy("");
}

const char *ground_trace(struct ground *ground)
{
    free(ground->trace_text);
    return ground->trace_text = read_whole(ground->trace);
}

/* --- what must not be ----------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3))) blame(struct life *life, const char *format, ...)
{
    va_list args;
    if (life->fault[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(life->fault, sizeof(life->fault), format, args);
    va_end(args);
}

/* --- clients -------------------------------------------------------------------------------- */

enum service { SERVED, UNSERVED, WRONG };

static enum service ask_name(struct ground *ground, const char *listen)
{
    (void)ground;
    char answer[64];
    if (client_ask_once(listen, "who", answer, sizeof(answer), limit_ms(PATIENCE)) < 0)
        return UNSERVED;
    return strcmp(answer, "127.0.0.2") == 0 || strcmp(answer, "127.0.0.3") == 0 ? SERVED : WRONG;
}

/* A long stream: what comes must be the beginning of it, and all of it where its end is orderly. */
static enum service ask_bulk(struct ground *ground, const char *listen)
{
    int fd = client_connect(listen, limit_ms(PATIENCE));
    if (fd < 0)
        return UNSERVED;
    size_t have = 0;
    ssize_t got = 0;
    while (have < BULK &&
           (got = client_receive(fd, ground->received + have, BULK - have, limit_ms(PATIENCE))) > 0)
        have += (size_t)got;
    client_close(fd);
    if (!pattern_matches(0, ground->received, have))
        return WRONG;
    if (have == BULK)
        return SERVED;
    return got == 0 && have > 0 ? WRONG : UNSERVED;
}

/* Each upstream, and the endpoints that it has for sure. */
static bool tells_all(const char *status)
{
    return strstr(status, "\"name\":\"name\"") && strstr(status, "\"name\":\"service\"") &&
           strstr(status, "\"name\":\"bulk\"") && strstr(status, "\"address\":\"127.0.0.4:");
}

static enum service ask_admin(struct ground *ground, const char *listen)
{
    static const char request[] =
        "GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int fd = client_connect(listen, limit_ms(PATIENCE));
    if (fd < 0)
        return UNSERVED;
    ssize_t length = client_send(fd, request, strlen(request), limit_ms(PATIENCE));
    if (length == 0)
        length = client_receive_all(fd, ground->received, BULK - 1, limit_ms(PATIENCE));
    client_close(fd);
    if (length <= 0)
        return UNSERVED;
    while (length > 0 && ground->received[length - 1] == '\n')
        length--;
    ground->received[length] = '\0';
    const char *body = strstr(ground->received, "\r\n\r\n");
    bool whole = body && strstr(body, "\"upstreams\"") && ground->received[length - 1] == '}';
    /* libevent may lack the memory for a header, or for the words of an answer's first line */
    if (strncmp(ground->received, "HTTP/1.1 200", 12) != 0 || !whole)
        return UNSERVED;
    return tells_all(body) ? SERVED : WRONG;
}

/* Asks until served, some times. */
static void serve(struct ground *ground, struct life *life, const struct fault *fault,
                  const char *what, enum service (*ask)(struct ground *, const char *),
                  const char *listen)
{
    enum service service = UNSERVED;
    for (int tries = fault->on ? 1 : TRIES; tries > 0 && service == UNSERVED; tries--) {
        service = ask(ground, listen);
        life->answered += service == SERVED;
        life->unserved += service == UNSERVED;
    }
    if (service == WRONG)
        blame(life, "%s: a wrong answer", what);
    if (service == UNSERVED && !fault->on)
        blame(life, "%s: no answer, however often one asks", what);
}

/* --- the life --------------------------------------------------------------------------------- */

static struct daemon *start(struct ground *ground, const struct fault *fault)
{
    char preload[300], call[64], at[64], report[200], trace[200];
    const char *environment[7];
    size_t count = 0;
    snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", ground->faulty);
    snprintf(report, sizeof(report), "FAULT_REPORT=%s", ground->report);
    environment[count++] = preload;
    environment[count++] = report;
    if (fault->call) {
        snprintf(call, sizeof(call), "FAULT_CALL=%s", fault->call);
        snprintf(at, sizeof(at), "FAULT_AT=%lu", fault->at);
        snprintf(trace, sizeof(trace), "FAULT_TRACE=%s", ground->trace);
        environment[count++] = call;
        environment[count++] = at;
        environment[count++] = trace;
        if (fault->on)
            environment[count++] = "FAULT_ON=1";
    }
    environment[count] = NULL;
    char admin[200];
    snprintf(admin, sizeof(admin), "redial.admin=%s", ground->admin);
    const char *arguments[] = {"-c", tempdir_path(ground->dir), "-o", admin, NULL};
    return daemon_start(
        &(struct daemon_options){.arguments = arguments, .environment = environment});
}

/* The least number of descriptors within a moment: what clients left is closed soon. Where so many
 * are enough, nobody waits. */
static int settled_descriptors(const struct daemon *daemon, int enough)
{
    int least = daemon_descriptors(daemon);
    int64_t end = moment_ms() + limit_ms(enough > 0 ? 2000 : 300);
    while (least > enough && moment_ms() < end) {
        usleep(10000);
        int count = daemon_descriptors(daemon);
        least = count < least ? count : least;
    }
    return least;
}

static void visit(struct ground *ground, struct daemon *daemon, const struct fault *fault,
                  struct life *life)
{
    serve(ground, life, fault, "a name", ask_name, ground->name);
    serve(ground, life, fault, "a service", ask_name, ground->service);
    serve(ground, life, fault, "a stream", ask_bulk, ground->bulk);
    serve(ground, life, fault, "the status", ask_admin, ground->admin);
    write_files(ground, true);
    daemon_signal(daemon, SIGHUP);
    if (!daemon_wait_line(daemon, " reload", limit_ms(PATIENCE)) && !fault->on)
        blame(life, "the reload is not answered");
    serve(ground, life, fault, "a name, after the reload", ask_name, ground->name);
    serve(ground, life, fault, "the status, after the reload", ask_admin, ground->admin);
}

static void read_report(const struct ground *ground, struct life *life)
{
    char name[24];
    unsigned long count;
    size_t calls = 0;
    FILE *stream = fopen(ground->report, "re");
    if (!stream)
        return;
    while (fscanf(stream, "%23s %lu", name, &count) == 2) {
        if (strcmp(name, "failed") == 0)
            life->failed = count > 0;
        else if (strcmp(name, "blocks") == 0)
            life->blocks = (long)count;
        else if (calls < LIFE_CALLS_MOST) {
            snprintf(life->calls[calls].name, sizeof(name), "%s", name);
            life->calls[calls++].count = count;
        }
    }
    fclose(stream);
}

/* A local fault is nobody else's: no endpoint pays for it. */
static void judge_log(struct daemon *daemon, struct life *life)
{
    if (daemon_count_lines(daemon, "endpoint ejected") > 0)
        blame(life, "an endpoint was ejected for what this host lacked");
    if (daemon_count_lines(daemon, "(null)") > 0)
        blame(life, "a line of the log says (null)");
}

static void judge_end(struct daemon *daemon, const struct fault *fault, int status, bool ready,
                      struct life *life)
{
    bool without_log = fault->call && strcmp(fault->call, "write") == 0; /* what it said is lost */
    if (status == -ETIMEDOUT)
        blame(life, "it does not end");
    else if (status >= 128) /* which is the reason for whatever else there was */
        snprintf(life->fault, sizeof(life->fault), "it ended by signal %d", status - 128);
    else if (!ready && status == 0 && !without_log)
        blame(life, "it ended at its start with status 0");
    else if (ready && status > 1)
        blame(life, "it ended with status %d", status);
    char *log = daemon_log(daemon);
    if (status != 0 && log[0] == '\0' && !without_log)
        blame(life, "it ended with status %d and said nothing", status);
    free(log);
    life->refused = !ready && status == 1;
}

void ground_live(struct ground *ground, const struct fault *fault, struct life *ret_life)
{
    struct life *life = ret_life;
    *life = (struct life){.blocks = -1, .descriptors = -1};
    unlink(ground->report);
    unlink(ground->trace);
    write_files(ground, false);
    struct daemon *daemon = start(ground, fault);
    bool ready = daemon_wait_ready(daemon, limit_ms(PATIENCE));
    if (ready) {
        visit(ground, daemon, fault, life);
        life->descriptors = settled_descriptors(daemon, ground->enough);
        if (!fault->call)
            ground->enough = life->descriptors + LIFE_PIPE;
    }
    daemon_signal(daemon, SIGTERM);
    int status = daemon_wait_exit(daemon, limit_ms(10000));
    read_report(ground, life);
    life->failed = life->failed || access(ground->trace, F_OK) == 0;
    judge_end(daemon, fault, status, ready, life);
    judge_log(daemon, life);
    if (life->fault[0] != '\0') {
        char *log = daemon_log(daemon);
        printf("--- the log of the life that follows\n%s", log);
        free(log);
    }
    daemon_stop(daemon);
}
