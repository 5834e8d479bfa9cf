/* What cannot be reached, what answers and is not redial, and ready, which waits for it. */
#include "bed.h"
#include "client.h"
#include "rig.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BYTES(text) text, sizeof(text) - 1

/* Bytes in place of an answer, and words of the complaint. */
static const struct {
    const char *bytes;
    size_t length;
    const char *errors;
} answers[] = {
    {BYTES(""), "broke off"},
    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n"), "broke off"},
    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}"), "broke off"},
    {BYTES("SSH-2.0-OpenSSH_9.2\r\n"), "not redial"},
    {BYTES("HTTP"), "broke off"},
    {BYTES("HTTP/2 200\r\n\r\n"), "not redial"},
    {BYTES("HTTP/1.1 2000 OK\r\n\r\n{}"), "not redial"},
    {BYTES("HTTP/1.1 20 OK\r\n\r\n{}"), "not redial"},
    {BYTES("HTTP/1.1 099 OK\r\n\r\n{}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\n{}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}"), "does not end"},
    {BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
     "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\nX: \0\r\n\r\n{}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\nok\n"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n[]"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n{} {}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n{}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n{\"version\": \"0.1.0\"}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n{\"version\": null, \"pid\": 1}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n{\"version\": \"\xff\"}"), "not redial"},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n{\"version\": \"\\u0000\"}"), "not redial"},
};
enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

START_TEST(rubbish_is_not_believed)
{
    struct rig rig;
    rig_open(&rig);
    fixture_set_raw(rig.fixture, "GET /status", answers[_i].bytes, answers[_i].length);
    struct outcome outcome = rig_run(&rig, "status");
    ck_assert_str_eq(outcome.output, "");
    ck_assert_uint_eq(outcome_lines(outcome.errors), 1);
    rig_expect(outcome, 3, answers[_i].errors);
    rig_close(&rig);
}
END_TEST

#define PAGE                                                                                       \
    "\r\nContent-Type: text/html\r\n\r\n<!DOCTYPE html>\n<title>Directory listing</title>\n"
#define PLAIN "\r\nContent-Type: text/plain\r\n\r\n"

/* A command, the request that it comes to, and what another server says to that. */
static const struct {
    const char *words;
    const char *request;
    const char *bytes;
} others[] = {
    {"status", "GET /status", "HTTP/1.0 404 File not found" PAGE},
    {"reload", "POST /reload", "HTTP/1.0 501 Unsupported method ('POST')" PAGE},
    {"reload", "POST /reload", "HTTP/1.0 200 OK" PAGE},
    {"upgrade", "GET /status", "HTTP/1.0 200 OK\r\n\r\n{\"upgrade\": {}}"},
    {"config", "GET /config", "HTTP/1.0 200 OK" PAGE},
    {"config", "GET /config", "HTTP/1.0 200 OK\r\nContent-Type: text/plainer\r\n\r\nx\n"},
    {"config", "GET /config", "HTTP/1.0 404 Not Found\r\n\r\nx\n"},
    {"explain", "GET /explain", "HTTP/1.0 200 OK\r\n\r\n{}"},
    {"explain", "GET /explain", "HTTP/1.0 200 OK\r\n\r\n{\"upstream\": \"x\"}"},
    {"ready", "GET /readyz", "HTTP/1.0 200 OK" PAGE},
    {"ready", "GET /readyz", "HTTP/1.0 503 Busy" PAGE},
    {"ready", "GET /readyz", "HTTP/1.0 200 OK" PLAIN "ok\n"},
    {"ready", "GET /readyz", "HTTP/1.0 200 OK" PLAIN "ready"},
    {"ready", "GET /readyz", "HTTP/1.0 200 OK" PLAIN "ready\nor not\n"},
    {"ready", "GET /readyz", "HTTP/1.0 200 OK\r\n\r\nready\n"},
    {"ready", "GET /readyz", "HTTP/1.0 201 OK\r\nContent-Type: text/html\r\n\r\nready\n"},
    {"ready --wait 0.2", "GET /readyz", "HTTP/1.0 200 OK" PAGE},
    {"ready --wait 0.2", "GET /readyz", "SSH-2.0-OpenSSH_9.2\r\n"},
    {"healthy", "GET /healthz", "HTTP/1.0 200 OK" PAGE},
    {"healthy", "GET /healthz", "HTTP/1.0 404 Not Found" PAGE},
    {"healthy", "GET /healthz", "HTTP/1.0 200 OK" PLAIN "healthy\n"},
};
enum { OTHERS = sizeof(others) / sizeof(others[0]) };

START_TEST(another_server_is_not_redial)
{
    struct rig rig;
    rig_open(&rig);
    fixture_set_raw(rig.fixture, others[_i].request, others[_i].bytes, strlen(others[_i].bytes));
    struct outcome outcome = rig_run(&rig, others[_i].words);
    ck_assert_str_eq(outcome.output, "");
    ck_assert_uint_eq(outcome_lines(outcome.errors), 1);
    rig_expect(outcome, 3, "what answers there is not redial");
    rig_close(&rig);
}
END_TEST

/* A body without a length goes to the end; one with a length needs no end; lines may end in LF
 * alone. */
START_TEST(plain_answers_are_believed)
{
    static const char *const good[] = {
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nthe body\n",
        "HTTP/1.1 200\r\ncontent-type:TEXT/plain;x\r\ncontent-length:9\r\n\r\nthe body\nand more",
        "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: \t9\n\nthe body\n",
    };
    struct rig rig;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        fixture_set_raw(rig.fixture, "GET /config", good[i], strlen(good[i]));
        struct outcome outcome = rig_run(&rig, "config");
        ck_assert_str_eq(outcome.output, "the body\n");
        rig_expect(outcome, 0, "");
    }
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "9\r\nthe body\n\r\n0\r\n\r\n";
    fixture_set_raw(rig.fixture, "GET /config", BYTES(chunked));
    rig_expect(rig_run(&rig, "config"), 3, "not redial");
    fixture_set_hanging(rig.fixture, "GET /config",
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n"
                        "the body\n");
    rig_expect(rig_run(&rig, "config"), 0, "");
    rig_close(&rig);
}
END_TEST

START_TEST(endless_answers_end)
{
    struct rig rig;
    rig_open(&rig);
    fixture_set_endless(rig.fixture, "GET /status");
    rig_expect(rig_run(&rig, "status --timeout 60"), 3, "does not end");
    char *head = calloc(1, 40000);
    ck_assert_ptr_nonnull(head);
    memset(head, 'x', 39999);
    memcpy(head, "HTTP/1.1 200 OK\r\nX: ", 20);
    fixture_set_hanging(rig.fixture, "GET /status", head);
    rig_expect(rig_run(&rig, "status --timeout 60"), 3, "not redial");
    free(head);
    rig_close(&rig);
}
END_TEST

START_TEST(silence_times_out)
{
    static const char *const begins[] = {"", "HTTP/1.1 200 OK\r\n",
                                         "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"};
    struct rig rig;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        fixture_set_hanging(rig.fixture, "GET /status", begins[i]);
        int64_t begin = moment_ms();
        rig_expect(rig_run(&rig, "status --timeout 0.3"), 3, "no answer in time|--timeout");
        ck_assert_int_ge(moment_ms() - begin, 300);
    }
    rig_close(&rig);
}
END_TEST

/* --- nobody there ---------------------------------------------------------------------------- */

START_TEST(absent_socket_is_told)
{
    struct rig rig;
    rig_open(&rig);
    fixture_stop(rig.fixture);
    rig.fixture = NULL;
    struct outcome outcome = rig_run(&rig, "status");
    ck_assert_uint_eq(outcome_lines(outcome.errors), 1);
    ck_assert_ptr_nonnull(strstr(outcome.errors, rig.socket + 5));
    rig_expect(outcome, 3, "cannot be reached at|nothing is there|systemctl status redial|-s");
    rig_close(&rig);
}
END_TEST

/* What a killed redial leaves behind; a file; a socket that is no stream. */
START_TEST(dead_sockets_are_told)
{
    struct rig rig;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    rig_open(&rig);
    fixture_stop(rig.fixture);
    rig.fixture = NULL;
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", rig.socket + 5);
    int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(left, (struct sockaddr *)&name, sizeof(name)), 0);
    close(left);
    rig_expect(rig_run(&rig, "reload"), 3, "nobody listens on it|not running");
    unlink(name.sun_path);
    left = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(left, (struct sockaddr *)&name, sizeof(name)), 0);
    rig_expect(rig_run(&rig, "reload"), 3, "no stream socket");
    close(left);
    const char *file[] = {"-s", tempdir_write(rig.dir, "file", "%s", ""), "status", NULL};
    rig_expect(rig_run_words(file), 3, "/file: it is no socket: -s");
    const char *folder[] = {"-s", tempdir_path(rig.dir), "status", NULL};
    rig_expect(rig_run_words(folder), 3, ": it is no socket: -s");
    char address[64];
    snprintf(address, sizeof(address), "127.0.0.1:%u", port_reserve());
    const char *words[] = {"-s", address, "status", NULL};
    rig_expect(rig_run_words(words), 3, "nobody listens there|admin listener");
    const char *nowhere[] = {"-s", "no-such-host.invalid:80", "status", NULL};
    rig_expect(rig_run_words(nowhere), 3, "no-such-host.invalid:80|not known");
    rig_close(&rig);
}
END_TEST

/* Another user is told which group may: that of the socket, or of the directory that it may not
 * enter. As root only, who can become somebody else. */
START_TEST(denied_permission_names_the_group)
{
    struct rig rig;
    char command[400];
    if (geteuid() != 0) {
        printf("SKIP: permissions are checked as root only\n");
        return;
    }
    setenv("TMPDIR", "/tmp", 1); /* another one may bar the other user already */
    rig_open(&rig);
    struct group *group = getgrgid(1);
    ck_assert_ptr_nonnull(group);
    char wanted[100];
    snprintf(wanted, sizeof(wanted), "permission denied|the group %s", group->gr_name);
    chmod(tempdir_path(rig.dir), 0755);
    chmod(rig.socket + 5, 0660);
    ck_assert_int_eq(chown(rig.socket + 5, 0, 1), 0);
    const char *copy = tempdir_write(rig.dir, "redialctl", "%s", "");
    snprintf(command, sizeof(command), "cp %s %s && chmod 755 %s", rig_program(), copy, copy);
    ck_assert_int_eq(system(command), 0);
    snprintf(command, sizeof(command),
             "exec setpriv --reuid 65534 --clear-groups --regid 65534 %s -s %s status", copy,
             rig.socket);
    const char *words[] = {"-c", command, NULL};
    rig_expect(outcome_run_program("/bin/sh", NULL, words), 3, wanted);
    /* the directory above: the program is started before it is closed to others */
    const char *folder = tempdir_mkdir(rig.dir, "run");
    fixture_stop(rig.fixture);
    snprintf(rig.socket, sizeof(rig.socket), "unix:%s/admin.sock", folder);
    rig.fixture = fixture_start(rig.socket);
    chmod(folder, 0750);
    ck_assert_int_eq(chown(folder, 0, 1), 0);
    snprintf(command, sizeof(command),
             "exec setpriv --reuid 65534 --clear-groups --regid 65534 %s -s %s status", copy,
             rig.socket);
    rig_expect(outcome_run_program("/bin/sh", NULL, words), 3, wanted);
    rig_close(&rig);
}
END_TEST

/* --- ready ----------------------------------------------------------------------------------- */

START_TEST(ready_says_what_is_missing)
{
    struct rig rig;
    rig_open(&rig);
    fixture_set(rig.fixture, "GET /readyz", 503,
                "orders-api: no address yet\ndb: no address yet\n");
    struct outcome outcome = rig_run(&rig, "ready");
    ck_assert_str_eq(outcome.errors, "orders-api: no address yet\ndb: no address yet\n");
    rig_expect(outcome, 1, "orders-api");
    ck_assert_uint_eq(fixture_count(rig.fixture), 1);
    rig_expect(rig_run(&rig, "ready --wait 0"), 1, "orders-api");
    int64_t begin = moment_ms();
    rig_expect(rig_run(&rig, "ready --wait 0.4"), 1, "orders-api|db");
    ck_assert_int_ge(moment_ms() - begin, 400);
    ck_assert_uint_ge(fixture_count(rig.fixture), 4);
    fixture_set(rig.fixture, "GET /readyz", 200, "ready\n");
    outcome = rig_run(&rig, "ready");
    ck_assert_str_eq(outcome.output, "ready\n");
    rig_expect(outcome, 0, "");
    rig_close(&rig);
}
END_TEST

static struct daemon *start_waiting(struct rig *rig)
{
    const char *words[] = {"-s", rig->socket, "ready", "--wait", "60s", NULL};
    struct daemon_options options = {.program = rig_program(), .arguments = words};
    return daemon_start(&options);
}

START_TEST(ready_waits)
{
    struct rig rig;
    rig_open(&rig);
    fixture_set(rig.fixture, "GET /readyz", 503, "orders-api: no address yet\n");
    struct daemon *daemon = start_waiting(&rig);
    ck_assert(fixture_wait(rig.fixture, 3, limit_ms(10000)));
    fixture_set(rig.fixture, "GET /readyz", 200, "ready\n");
    ck_assert_int_eq(daemon_wait_exit(daemon, limit_ms(10000)), 0);
    daemon_stop(daemon);
    rig_close(&rig);
}
END_TEST

START_TEST(ready_waits_for_the_socket)
{
    struct rig rig;
    rig_open(&rig);
    fixture_stop(rig.fixture);
    rig.fixture = NULL;
    rig_expect(rig_run(&rig, "ready"), 3, "nothing is there");
    int64_t begin = moment_ms();
    rig_expect(rig_run(&rig, "ready --wait 0.2"), 1, "nothing is there");
    ck_assert_int_ge(moment_ms() - begin, 200);
    struct daemon *daemon = start_waiting(&rig);
    rig.fixture = fixture_start(rig.socket);
    fixture_set(rig.fixture, "GET /readyz", 200, "ready\n");
    ck_assert_int_eq(daemon_wait_exit(daemon, limit_ms(10000)), 0);
    daemon_stop(daemon);
    rig_close(&rig);
}
END_TEST

START_TEST(healthy_is_not_ready)
{
    struct rig rig;
    rig_open(&rig);
    fixture_set(rig.fixture, "GET /readyz", 503, "db: no address yet\n");
    fixture_set(rig.fixture, "GET /healthz", 200, "ok\n");
    struct outcome outcome = rig_run(&rig, "healthy");
    ck_assert_str_eq(outcome.output, "healthy\n");
    rig_expect(outcome, 0, "");
    fixture_set(rig.fixture, "GET /healthz", 503, "a worker thread has not answered\n");
    outcome = rig_run(&rig, "healthy");
    ck_assert_str_eq(outcome.output, "");
    rig_expect(outcome, 1, "a worker thread has not answered");
    rig_expect(rig_run(&rig, "healthy --wait 3"), 2, "--wait|healthy");
    rig_close(&rig);
}
END_TEST

START_TEST(variable_names_the_socket)
{
    struct rig rig;
    const char *words[] = {"healthy", NULL};
    rig_open(&rig);
    fixture_set(rig.fixture, "GET /healthz", 200, "ok\n");
    setenv("REDIALCTL_SOCKET", rig.socket, 1);
    rig_expect(rig_run_words(words), 0, "");
    setenv("REDIALCTL_SOCKET", "nowhere:x", 1);
    rig_expect(rig_run_words(words), 2, "no such socket: nowhere:x");
    rig_expect(rig_run(&rig, "healthy"), 0, "");
    unsetenv("REDIALCTL_SOCKET");
    rig_close(&rig);
}
END_TEST

/* --- libevent's server, which is redial's ---------------------------------------------------- */

struct evhttp_rig {
    struct event_base *base;
    const char *path;
    pthread_t thread;
};

static void answer_request(struct evhttp_request *request, void *argument)
{
    struct evbuffer *body = evbuffer_new();
    struct evkeyvalq query;
    const char *uri = evhttp_request_get_uri(request);
    evhttp_parse_query_str(strchr(uri, '?') != NULL ? strchr(uri, '?') + 1 : "", &query);
    const char *name = evhttp_find_header(&query, "upstream");
    evbuffer_add_printf(body, "asked for %s by %s\n", name != NULL ? name : "nobody",
                        evhttp_request_get_command(request) == EVHTTP_REQ_POST ? "POST" : "GET");
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain");
    evhttp_send_reply(request, name != NULL ? 202 : 404, "Well", body);
    evhttp_clear_headers(&query);
    evbuffer_free(body);
    (void)argument;
}

static void *run_evhttp(void *argument)
{
    struct evhttp_rig *rig = argument;
    event_base_dispatch(rig->base);
    return NULL;
}

START_TEST(evhttp_understands_it)
{
    struct rig rig;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    rig_open(&rig);
    fixture_stop(rig.fixture);
    rig.fixture = NULL;
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", rig.socket + 5);
    struct evhttp_rig server = {.base = event_base_new()};
    struct evhttp *http = evhttp_new(server.base);
    struct evconnlistener *listener = evconnlistener_new_bind(
        server.base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 16, (struct sockaddr *)&name, sizeof(name));
    ck_assert_ptr_nonnull(listener);
    evhttp_bind_listener(http, listener);
    evhttp_set_gencb(http, answer_request, NULL);
    ck_assert_int_eq(pthread_create(&server.thread, NULL, run_evhttp, &server), 0);
    const char *words[] = {"-s", rig.socket, "resolve", "a b&c+\xc3\xb6", NULL};
    struct outcome outcome = rig_run_words(words);
    ck_assert_str_eq(outcome.output, "asked for a b&c+\xc3\xb6 by POST\n");
    rig_expect(outcome, 0, "");
    rig_expect(rig_run(&rig, "config"), 1, "asked for nobody by GET");
    rig_close(&rig); /* the server ends with this process, which is the test's own */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl trouble");
    setenv("LC_ALL", "C.UTF-8", 1);
    BED_TEST(suite, rubbish_is_not_believed, ANSWERS, 20);
    BED_TEST(suite, another_server_is_not_redial, OTHERS, 20);
    BED_TEST(suite, plain_answers_are_believed, 1, 20);
    BED_TEST(suite, endless_answers_end, 1, 60);
    BED_TEST(suite, silence_times_out, 1, 20);
    BED_TEST(suite, absent_socket_is_told, 1, 20);
    BED_TEST(suite, dead_sockets_are_told, 1, 30);
    BED_TEST(suite, denied_permission_names_the_group, 1, 20);
    BED_TEST(suite, ready_says_what_is_missing, 1, 20);
    BED_TEST(suite, ready_waits, 1, 20);
    BED_TEST(suite, ready_waits_for_the_socket, 1, 20);
    BED_TEST(suite, healthy_is_not_ready, 1, 20);
    BED_TEST(suite, variable_names_the_socket, 1, 20);
    BED_TEST(suite, evhttp_understands_it, 1, 20);
    return bed_main(suite);
}
