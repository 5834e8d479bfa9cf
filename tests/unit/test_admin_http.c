/* What clients that mean well, and pages that do not, ask of the admin interface. */
#include "admin/http.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin_rig.h"
#include "suite.h"

static const enum rig_door both[] = {RIG_UNIX, RIG_TCP};

START_TEST(get)
{
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        const char *answer = rig_get(both[i], "GET /hello");
        ck_answer(answer, 200);
        ck_assert(strstr(answer, "\r\nContent-Type: text/plain; charset=utf-8\r\n") != NULL);
        ck_assert(strstr(answer, "\r\nContent-Length: 6\r\n") != NULL);
        ck_assert(strstr(answer, "\r\nConnection: close\r\n") != NULL);
        ck_assert_str_eq(rig_body(answer), "hello\n");
    }
    ck_assert_uint_eq(rig.handled, 2);
    rig_await(0);
}
END_TEST

START_TEST(a_header_of_the_handlers_own)
{
    const char *answer = rig_get(RIG_TCP, "GET /");
    ck_answer(answer, 200);
    ck_assert(strstr(answer, "\r\nContent-Security-Policy: default-src 'none'\r\n") != NULL);
    ck_assert(strstr(answer, "\r\nContent-Type: text/html; charset=utf-8\r\n") != NULL);
    ck_assert_str_eq(rig_body(answer), "<p>");
}
END_TEST

START_TEST(head_is_get_without_the_body)
{
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        const char *answer = rig_get(both[i], "HEAD /hello");
        ck_answer(answer, 200);
        ck_assert(strstr(answer, "\r\nContent-Length: 6\r\n") != NULL);
        ck_assert_str_eq(rig_body(answer), "");
    }
    ck_assert_str_eq(rig_body(rig_get(RIG_UNIX, "HEAD /missing")), "");
    ck_assert_str_eq(rig_body(rig_get(RIG_UNIX, "HEAD *")), "");
    ck_assert_str_eq(rig_body(rig_ask(RIG_UNIX, "HEAD /hello HTTP/1.1\r\n\r\n")), "");
    ck_assert_uint_eq(rig.handled, 2);
}
END_TEST

START_TEST(post)
{
    ck_answer(rig_get(RIG_UNIX, "POST /do"), 202);
    ck_answer(rig_get(RIG_UNIX, "POST /both"), 202);
    ck_answer(rig_ask(RIG_UNIX, "POST /do HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"),
              202);
    ck_assert_uint_eq(rig.handled, 3);
}
END_TEST

START_TEST(nothing_is_changed_over_tcp)
{
    const char *answer = rig_get(RIG_TCP, "POST /do");
    ck_answer(answer, 403);
    ck_assert(strstr(rig_body(answer), "Unix socket") != NULL);
    ck_answer(rig_get(RIG_TCP, "POST /both"), 403);
    ck_answer(rig_get(RIG_TCP, "POST /missing"), 403);
    ck_assert_uint_eq(rig.handled, 0);
}
END_TEST

static void ck_allow(const char *answer, const char *allow)
{
    char line[64];
    ck_answer(answer, 405);
    snprintf(line, sizeof line, "\r\nAllow: %s\r\n", allow);
    ck_assert_msg(strstr(answer, line) != NULL, "%s", answer);
}

START_TEST(other_methods)
{
    static const char *const methods[] = {"PUT",  "DELETE", "OPTIONS", "TRACE",    "PATCH",
                                          "BREW", "get",    "X",       "PROPFIND", "GETT"};
    char words[64];
    ck_allow(rig_get(RIG_UNIX, "POST /hello"), "GET, HEAD");
    ck_allow(rig_get(RIG_UNIX, "GET /do"), "POST");
    ck_allow(rig_get(RIG_UNIX, "HEAD /do"), "POST");
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        snprintf(words, sizeof words, "%s /hello", methods[i]);
        ck_allow(rig_get(both[i % 2], words), "GET, HEAD");
        snprintf(words, sizeof words, "%s /do", methods[i]);
        ck_allow(rig_get(both[i % 2], words), "POST");
        snprintf(words, sizeof words, "%s /both", methods[i]);
        ck_allow(rig_get(both[i % 2], words), "GET, HEAD, POST");
    }
    ck_allow(rig_get(RIG_UNIX, "OPTIONS *"), "GET, HEAD, POST");
    ck_allow(rig_get(RIG_TCP, "CONNECT localhost:80"), "GET, HEAD, POST");
    ck_assert_uint_eq(rig.handled, 0);
}
END_TEST

START_TEST(other_paths)
{
    static const char *const paths[] = {"/missing",     "/hello/",  "/HELLO", "/hell%6f",
                                        "/hello/../do", "/hello;x", "/hell"};
    char words[64];
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        snprintf(words, sizeof words, "GET %s", paths[i]);
        ck_answer(rig_get(both[i % 2], words), 404);
    }
    ck_answer(rig_get(RIG_UNIX, "GET *"), 400);
    ck_answer(rig_get(RIG_UNIX, "GET hello"), 400);
    ck_answer(rig_get(RIG_UNIX, "GET ftp://localhost/hello"), 400);
    ck_answer(rig_get(RIG_UNIX, "GET http:/hello"), 400);
    ck_answer(rig_get(RIG_UNIX, "GET http://[/hello"), 400);
    ck_assert_uint_eq(rig.handled, 0);
}
END_TEST

START_TEST(hosts)
{
    ck_answer(rig_ask(RIG_TCP, "GET /hello HTTP/1.1\r\nHost: evil.test\r\n\r\n"), 403);
    ck_answer(rig_ask(RIG_TCP, "GET /missing HTTP/1.1\r\nHost: evil.test:80\r\n\r\n"), 403);
    ck_answer(rig_ask(RIG_TCP, "GET /hello HTTP/1.0\r\nHost: evil.test\r\n\r\n"), 403);
    ck_answer(rig_ask(RIG_TCP, "GET http://evil.test/hello HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              403);
    ck_answer(rig_ask(RIG_TCP, "GET http://localhost/hello HTTP/1.1\r\nHost: evil.test\r\n\r\n"),
              403);
    ck_answer(rig_ask(RIG_TCP, "GET /hello HTTP/1.1\r\nX: y\r\n\r\n"), 400);
    ck_answer(rig_ask(RIG_UNIX, "GET /hello HTTP/1.1\r\nX: y\r\n\r\n"), 400);
    ck_assert_uint_eq(rig.handled, 0);
    ck_answer(rig_ask(RIG_UNIX, "GET /hello HTTP/1.1\r\nHost: evil.test\r\n\r\n"), 200);
    ck_answer(rig_ask(RIG_TCP, "GET /hello HTTP/1.0\r\n\r\n"), 200);
    ck_answer(rig_ask(RIG_TCP, "GET /hello HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 200);
    ck_answer(
        rig_ask(RIG_TCP, "GET http://127.0.0.1:8/hello?x HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        200);
    ck_answer(rig_ask(RIG_TCP, "GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
    ck_assert_uint_eq(rig.handled, 5);
}
END_TEST

START_TEST(origins)
{
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        ck_answer(rig_ask(both[i], "GET /hello HTTP/1.1\r\nHost: localhost:9\r\n"
                                   "Origin: http://evil.test\r\n\r\n"),
                  403);
        ck_answer(rig_ask(both[i], "POST /do HTTP/1.1\r\nHost: localhost:9\r\n"
                                   "Origin: null\r\n\r\n"),
                  403);
        ck_answer(rig_ask(both[i], "GET /hello HTTP/1.1\r\nHost: localhost:9\r\n"
                                   "Origin: http://localhost:9\r\n\r\n"),
                  200);
    }
    ck_assert_uint_eq(rig.handled, 2);
}
END_TEST

static void ck_name(const char *query, const char *expected)
{
    char words[256];
    snprintf(words, sizeof words, "GET /name%s", query);
    const char *answer = rig_get(RIG_UNIX, words);
    ck_answer(answer, expected ? 200 : 400);
    if (expected)
        ck_assert_str_eq(rig_body(answer), expected);
}

START_TEST(parameters)
{
    ck_name("?name=a", "<a>\n");
    ck_name("?other=1&name=a%20b+c%C3%A9%26&third=3", "<a b c\xc3\xa9&>\n");
    ck_name("?name=", "<>\n");
    ck_name("?name=a=b", "<a=b>\n");
    ck_name("?name=%zz%", "<%zz%>\n");
    ck_name("?name=%3Cb%3e", "<<b>>\n");
    ck_name("?name=a#b", "<a>\n");
    ck_name("", NULL);
    ck_name("?", NULL);
    ck_name("?name", NULL);
    ck_name("?names=a", NULL);
    ck_name("?name=a&name=a", NULL);
    ck_name("?name=a&name=b", NULL);
    ck_name("?name=a%00b", NULL);
    ck_name("?name=a%0ab", NULL);
    ck_name("?name=%ff", NULL);
    ck_name("?name=%C2%9B", NULL);
    ck_name("?&&=&", NULL);
}
END_TEST

/* The handler may answer when it knows. */
START_TEST(an_answer_that_comes_later)
{
    int fd = rig_connect(RIG_UNIX);
    rig_say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!rig.waiting)
        rig_turn();
    ck_answer(rig_get(RIG_UNIX, "GET /hello"), 200); /* others do not wait */
    rig_answer();
    const char *answer = rig_hear(fd, NULL);
    ck_answer(answer, 200);
    ck_assert_str_eq(rig_body(answer), "at last\n");
}
END_TEST

/* Or never: the tear-down answers what has gone. */
START_TEST(an_answer_that_never_comes)
{
    int fd = rig_connect(RIG_UNIX);
    rig_say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!rig.waiting)
        rig_turn();
    close(fd);
}
END_TEST

START_TEST(a_client_that_has_said_all)
{
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        int fd = rig_connect(both[i]);
        rig_say(fd, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
        shutdown(fd, SHUT_WR);
        size_t length;
        const char *answer = rig_hear(fd, &length);
        ck_answer(answer, 200);
        ck_assert_uint_eq(length, (size_t)(rig_body(answer) - answer) + RIG_BIG);
    }
}
END_TEST

START_TEST(answers_have_a_limit)
{
    const char *answer = rig_get(RIG_UNIX, "GET /huge");
    ck_answer(answer, 500);
    ck_assert(strstr(rig_body(answer), "16 MiB") != NULL);
    answer = rig_get(RIG_UNIX, "GET /lines");
    ck_answer(answer, 422);
    ck_assert_int_eq(strncmp(answer, "HTTP/1.1 422 Unprocessable Content\r\n", 36), 0);
    ck_assert_int_eq(strncmp(rig_body(answer), "a??bxx", 6), 0);
    ck_assert_uint_lt(strlen(rig_body(answer)), 1100);
}
END_TEST

START_TEST(expect)
{
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        int fd = rig_connect(both[i]);
        rig_say(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
                    "Expect: 100-continue\r\n\r\n");
        char text[64] = "";
        while (recv(fd, text, sizeof text - 1, MSG_DONTWAIT) <= 0)
            rig_turn();
        ck_assert_str_eq(text, "HTTP/1.1 100 Continue\r\n\r\n");
        rig_say(fd, "body");
        ck_answer(rig_hear(fd, NULL), 200);
    }
}
END_TEST

START_TEST(in_small_pieces)
{
    static const char text[] = "GET /name?name=x HTTP/1.1\r\nHost: localhost\r\n"
                               "Content-Length: 3\r\n\r\nabc";
    int fd = rig_connect(RIG_TCP);
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        ck_assert_uint_eq(rig.handled, 0);
        rig_send(fd, text + i, 1);
        rig_turn();
    }
    ck_answer(rig_hear(fd, NULL), 200);
}
END_TEST

/* Another process has taken the sockets over: it gets whoever comes, and we finish. */
START_TEST(who_was_accepted_before_the_leave_is_answered)
{
    static const char end[] = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int look = rig_connect(RIG_TCP), change = rig_connect(RIG_UNIX),
        waiting = rig_connect(RIG_UNIX);
    rig_say(look, "GET /hello");
    rig_say(change, "POST /do");
    rig_say(waiting, "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (!rig.waiting)
        rig_turn();
    rig_await(3);
    admin_http_leave(rig.http);
    int late = rig_connect(RIG_UNIX); /* the kernel keeps it for the other process */
    rig_say(late, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    rig_say(look, end);
    ck_answer(rig_hear(look, NULL), 200);
    rig_say(change, end);
    ck_answer(rig_hear(change, NULL), 503);
    rig_answer();
    ck_answer(rig_hear(waiting, NULL), 200);
    rig_await(0);
    for (int turns = 0; turns < 20; turns++)
        rig_turn();
    rig_await(0);
    ck_assert_uint_eq(rig.handled, 2);
    close(late);
}
END_TEST

/* One request a connection: whatever stands behind it is not looked at. */
START_TEST(no_second_request)
{
    static const char *const firsts[] = {
        "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET http://x/hello HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n",
        "HEAD /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n",
        "POST /do HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
        "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(firsts); i++) {
        char text[512];
        snprintf(text, sizeof text, "%sPOST /do HTTP/1.1\r\nHost: x\r\n\r\n", firsts[i]);
        size_t before = rig.handled;
        const char *answer = rig_ask(RIG_UNIX, text);
        ck_assert_msg(strstr(answer + 1, "HTTP/1.") == NULL, "%s", answer);
        ck_assert_uint_eq(rig.handled - before, strstr(firsts[i], "CONNECT") ? 0 : 1);
        rig_await(0);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, rig_start, rig_stop);
    tcase_add_test(cases, get);
    tcase_add_test(cases, a_header_of_the_handlers_own);
    tcase_add_test(cases, head_is_get_without_the_body);
    tcase_add_test(cases, post);
    tcase_add_test(cases, nothing_is_changed_over_tcp);
    tcase_add_test(cases, other_methods);
    tcase_add_test(cases, other_paths);
    tcase_add_test(cases, hosts);
    tcase_add_test(cases, origins);
    tcase_add_test(cases, parameters);
    tcase_add_test(cases, an_answer_that_comes_later);
    tcase_add_test(cases, an_answer_that_never_comes);
    tcase_add_test(cases, a_client_that_has_said_all);
    tcase_add_test(cases, answers_have_a_limit);
    tcase_add_test(cases, expect);
    tcase_add_test(cases, in_small_pieces);
    tcase_add_test(cases, who_was_accepted_before_the_leave_is_answered);
    tcase_add_test(cases, no_second_request);
}

int main(void)
{
    return suite_run("admin/http", add);
}
