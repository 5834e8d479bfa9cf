/* The admin interface of the whole program: its health, and what is asked amiss. */
#include "ask.h"
#include "bed.h"
#include "tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bed bed;
static struct tempdir *dir;
static char admin[200];

static void open_bed(void)
{
    bed_open(&bed);
    dir = tempdir_create();
    snprintf(admin, sizeof(admin), "unix:%s/admin.sock", tempdir_path(dir));
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_set_name(&bed, "2", 60);
}

static void close_bed(void)
{
    bed_close(&bed);
    tempdir_remove(dir);
}

/* --- threads that hang ------------------------------------------------------------------------ */

enum { THREADS_MOST = 16 };
static pid_t stopped[THREADS_MOST];
static int stopped_count;

/* Stops each thread but the main one, as a debugger does. Returns 0 or -errno. */
static int stop_threads(pid_t process)
{
    char path[40];
    snprintf(path, sizeof(path), "/proc/%d/task", process);
    DIR *tasks = opendir(path);
    ck_assert_ptr_nonnull(tasks);
    int result = 0;
    for (struct dirent *entry; result == 0 && (entry = readdir(tasks)) != NULL;) {
        pid_t thread = atoi(entry->d_name);
        if (thread == 0 || thread == process)
            continue;
        ck_assert_int_lt(stopped_count, THREADS_MOST);
        if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) < 0) {
            result = -errno;
            continue;
        }
        ck_assert_int_eq(ptrace(PTRACE_INTERRUPT, thread, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(thread, NULL, __WALL), thread);
        stopped[stopped_count++] = thread;
    }
    closedir(tasks);
    return result;
}

static void let_threads_go(void)
{
    while (stopped_count > 0)
        ck_assert_int_eq(ptrace(PTRACE_DETACH, stopped[--stopped_count], NULL, NULL), 0);
}

/* The main thread answers for itself alone otherwise. */
START_TEST(a_worker_that_hangs_is_no_health)
{
    open_bed();
    bed_run(&bed, "-w 2 -o redial.admin=%s %s", admin, bed.upstream);
    bed_expect(&bed, 2);
    ask(admin, "GET /healthz", 200, "ok");
    int result = stop_threads(daemon_pid(bed.daemon));
    if (result == 0) {
        ck_assert_int_ge(stopped_count, 2);
        ask(admin, "GET /healthz", 503, "worker thread");
    } else {
        printf("SKIP: ptrace(2) is not permitted here: %s\n", strerror(-result));
    }
    let_threads_go();
    ask(admin, "GET /healthz", 200, "ok");
    bed_expect(&bed, 2);
    close_bed();
}
END_TEST

/* --- what is asked ---------------------------------------------------------------------------- */

static const struct {
    const char *request;
    int status;
    const char *words;
} rows[] = {
    {"POST /resolve", 400, "which upstream|one of: a b"},
    {"POST /resolve?upstream=", 404, "there is no upstream"},
    {"POST /resolve?upstream=c", 404, "there is no upstream c|a b"},
    {"POST /resolve?upstream=a", 202, "names of a"},
    {"POST /drain", 400, "which endpoint"},
    {"POST /drain?endpoint=name", 400, "which endpoint"},
    {"POST /drain?endpoint=127.0.0.9:1", 404, "no upstream has|127.0.0.9:1"},
    {"POST /drain?endpoint=127.0.0.9:1&upstream=c", 404, "there is no upstream c"},
    {"POST /log-level", 400, "which level"},
    {"POST /log-level?level=loud", 400, "which level|debug"},
    {"POST /log-level?level=warning", 200, "log level warning"},
    {"GET /explain?upstream=c", 404, "there is no upstream c"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

START_TEST(what_is_amiss_is_said)
{
    static const char conf[] = "[upstream]\nlisten = 127.0.0.1:%u\ntarget = " BED_NAME ":%u\n";
    open_bed();
    tempdir_write(dir, "upstreams.d/a.conf", conf, port_reserve(), bed.port);
    tempdir_write(dir, "upstreams.d/b.conf", conf, port_reserve(), bed.port);
    bed_run(&bed, "-c %s -o redial.admin=%s", tempdir_path(dir), admin);
    ck_assert(daemon_wait_lines(bed.daemon, "endpoints changed|count=1", 2, limit_ms(5000)));
    ask(admin, rows[_i].request, rows[_i].status, rows[_i].words);
    ask(admin, "GET /readyz", 200, "ready");
    close_bed();
}
END_TEST

START_TEST(a_reload_says_what_it_did)
{
    static const char conf[] = "[upstream]\nlisten = 127.0.0.1:%u\ntarget = 127.0.0.2:%u\n";
    open_bed();
    tempdir_write(dir, "upstreams.d/a.conf", conf, port_reserve(), bed.port);
    bed_run(&bed, "-c %s -o redial.admin=%s", tempdir_path(dir), admin);
    ck_assert(daemon_wait_ready(bed.daemon, limit_ms(5000)));
    tempdir_write(dir, "upstreams.d/b.conf", conf, port_reserve(), bed.port);
    ask(admin, "POST /reload", 200,
        "reloaded: 1 upstream added, 0 changed, 0 dropped, 1 as before");
    ask(admin, "POST /reload", 200, "reloaded: 0 upstreams added, 0 changed, 0 dropped, 2 as");
    close_bed();
}
END_TEST

/* Whatever can be read, of one that has neither an address nor had a client. */
START_TEST(everything_can_be_read_at_once)
{
    static const char *const paths[] = {"/",       "/metrics", "/status",
                                        "/config", "/healthz", "/explain?upstream="};
    open_bed();
    dns_script_set_all(bed.dns, DNS_ANSWER_SILENCE);
    bed_run(&bed, "-o redial.admin=%s %s", admin, bed.upstream);
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        char request[160];
        bool of_upstream = paths[i][strlen(paths[i]) - 1] == '=';
        snprintf(request, sizeof(request), "GET %s%s", paths[i], of_upstream ? bed.listen : "");
        ask(admin, request, 200, NULL);
    }
    ask(admin, "GET /readyz", 503, NULL);
    close_bed();
}
END_TEST

/* Prometheus may come before the first client does. */
START_TEST(what_nobody_has_used_has_metrics)
{
    open_bed();
    bed_run(&bed, "-o redial.admin=%s %s", admin, bed.upstream);
    ask(admin, "GET /metrics", 200,
        "redial_upstream_connections_opened_total{upstream=|\"} 0|"
        "redial_upstream_connect_seconds_bucket{upstream=|le=\"0.0005\"} 0|le=\"+Inf\"} 0|"
        "redial_upstream_dial_attempts_count{upstream=|"
        "redial_upstream_connection_duration_seconds_sum{upstream=");
    bed_expect(&bed, 2);
    ask(admin, "GET /metrics", 200, "le=\"+Inf\"} 1");
    close_bed();
}
END_TEST

/* Long before the TTL is over, and once for both. */
START_TEST(names_are_asked_again)
{
    open_bed();
    bed_run(&bed, "-o redial.admin=%s -o dns.min-ttl=100ms %s", admin, bed.upstream);
    ck_assert(daemon_wait_line(bed.daemon, "endpoints changed|count=1", limit_ms(5000)));
    size_t before = dns_script_count(bed.dns, BED_NAME, DNS_A);
    bed_set_name(&bed, "2,3", 60);
    ask(admin, "POST /resolve", 202, NULL);
    ck_assert(daemon_wait_line(bed.daemon, "endpoints changed|added=127.0.0.3", limit_ms(5000)));
    ck_assert_uint_eq(dns_script_count(bed.dns, BED_NAME, DNS_A), before + 1);
    close_bed();
}
END_TEST

/* So many that an error does not name them all. */
START_TEST(many_names_are_cut_off)
{
    char name[80];
    open_bed();
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "upstreams.d/a-rather-long-name-number-%02d.conf", i);
        tempdir_write(dir, name, "[upstream]\nlisten = 127.0.0.1:%u\ntarget = 127.0.0.2:%u\n",
                      port_reserve(), bed.port);
    }
    bed_run(&bed, "-c %s -o redial.admin=%s", tempdir_path(dir), admin);
    ask(admin, "POST /resolve", 400, "number-00 |number-09| …\n");
    close_bed();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin");
    BED_TEST(suite, a_worker_that_hangs_is_no_health, 1, 30);
    BED_TEST(suite, what_is_amiss_is_said, ROWS, 20);
    BED_TEST(suite, a_reload_says_what_it_did, 1, 20);
    BED_TEST(suite, everything_can_be_read_at_once, 1, 20);
    BED_TEST(suite, what_nobody_has_used_has_metrics, 1, 20);
    BED_TEST(suite, names_are_asked_again, 1, 20);
    BED_TEST(suite, many_names_are_cut_off, 1, 20);
    return bed_main(suite);
}
