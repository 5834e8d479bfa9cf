#include "admin/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static struct head head;
static const char *why;

/* A copy of just that size: a sanitizer sees what is read behind it. */
static int check_bytes(const char *bytes, size_t length)
{
    char *copy = malloc(length + (length == 0));
    memcpy(copy, bytes, length);
    why = NULL;
    int result = head_check(copy, length, &head, &why);
    ck_assert_int_eq(result < 0, why != NULL);
    free(copy);
    return result;
}

static int check(const char *text)
{
    return check_bytes(text, strlen(text));
}

#define HOST "Host: localhost\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST

START_TEST(good_ones)
{
    static const char *const good[] = {
        GET "\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\nhOST:\tx \n\n",
        "POST /do?x=%41&y=a+b HTTP/1.1\r\n" HOST "Content-Length: 4096\r\n\r\n",
        "GET http://localhost/status HTTP/1.1\r\n" HOST "\r\n",
        "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
        "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n",
        GET "Content-Length:  0 \t\r\nX: \xc3\xa9\tb\r\nEmpty:\r\nExpect: 100-Continue\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        size_t length = strlen(good[i]);
        ck_assert_msg(check(good[i]) == (int)length, "%zu: %s", i, why ? why : "no end");
        for (size_t part = 0; part < length; part++) /* whatever comes in whatever pieces */
            ck_assert_msg(check_bytes(good[i], part) == 0, "%zu of %zu: %s", part, i, why);
    }
}
END_TEST

START_TEST(where_the_words_are)
{
    const char *text = "POST /do?x HTTP/1.1\r\n" HOST "\r\nbody";
    ck_assert_int_eq(head_check(text, strlen(text), &head, &why), (int)strlen(text) - 4);
    ck_assert_ptr_eq(head.method, text);
    ck_assert_uint_eq(head.method_length, 4);
    ck_assert_ptr_eq(head.target, text + 5);
    ck_assert_uint_eq(head.target_length, 5);
}
END_TEST

START_TEST(bad_ones)
{
    static const struct {
        int status;
        const char *text;
    } bad[] = {
        {400, "\r\n"},
        {400, "\n"},
        {400, "GET\r\n"},
        {400, "GET /\r\n"},
        {400, " GET / HTTP/1.1\r\n"},
        {400, "G(T / HTTP/1.1\r\n"},
        {400, "G\xc3\xa9T / HTTP/1.1\r\n"},
        {400, "GET  / HTTP/1.1\r\n"},
        {400, "GET /  HTTP/1.1\r\n"},
        {400, "GET / HTTP/1.1 \r\n" HOST "\r\n"},
        {400, "GET /\t HTTP/1.1\r\n"},
        {400, "GET /\xc3\xa9 HTTP/1.1\r\n"},
        {400, "GET //evil/status HTTP/1.1\r\n"},
        {400, "GET /?a=%00 HTTP/1.1\r\n"},
        {400, "GET / http/1.1\r\n"},
        {400, "GET / \r\n"},
        {505, "GET / HTTP/2.0\r\n"},
        {505, "GET / HTTP/1.10\r\n"},
        {505, "GET / HTTP/-1.1\r\n"},
        {505, "GET / HTTP/\r\n"},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n Host: localhost\r\n"},
        {400, GET " folded\r\n"},
        {400, GET "no colon\r\n"},
        {400, GET ": nothing\r\n"},
        {400, GET "host: other\r\n"},
        {400, GET "Origin: a\r\norigin: a\r\n"},
        {400, GET "Content-Length: 1\r\nContent-Length: 1\r\n"},
        {400, GET "Content-Length:\r\n"},
        {400, GET "Content-Length: -1\r\n"},
        {400, GET "Content-Length: +1\r\n"},
        {400, GET "Content-Length: 1, 1\r\n"},
        {400, GET "Content-Length: 0x1\r\n"},
        {413, GET "Content-Length: 4097\r\n"},
        {413, GET "Content-Length: 99999999999999999999999999999999\r\n"},
        {411, GET "Transfer-Encoding: chunked\r\n"},
        {411, GET "transfer-encoding: identity\r\n"},
        {417, GET "Expect: the unexpected\r\n"},
        {400, GET "Expect: 100-continue\r\nExpect: 100-continue\r\n"},
        {400, GET "X: a\rb\r\n"},
        {400, GET "X: a\r\r\n"},
        {400, GET "X: \x7f\r\n"},
        {400, "\x16\x03\x01"}, /* TLS: no need to wait for a line's end */
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(check(bad[i].text) == -bad[i].status, "%zu: %d, %s", i, check(bad[i].text),
                      why ? why : "no fault");
}
END_TEST

START_TEST(zero_bytes)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: localhost\0.evil\r\n\r\n";
    static const char first[] = "GET /\0 HTTP/1.1\r\n";
    ck_assert_int_eq(check_bytes(text, sizeof text - 1), -400);
    ck_assert_int_eq(check_bytes(first, sizeof first - 1), -400);
}
END_TEST

/* The limit is of all of it, and what lies behind it does not count. */
START_TEST(as_long_as_it_may_be)
{
    static char text[HEAD_MOST + 100];
    const char *begin = GET "X: ";
    memset(text, 'x', sizeof text);
    memcpy(text, begin, strlen(begin));
    ck_assert_int_eq(check_bytes(text, HEAD_MOST), 0);
    ck_assert_int_eq(check_bytes(text, HEAD_MOST + 1), -431);
    memcpy(text + HEAD_MOST - 4, "\r\n\r\n", 4);
    ck_assert_int_eq(check_bytes(text, HEAD_MOST - 1), 0);
    ck_assert_int_eq(check_bytes(text, HEAD_MOST), HEAD_MOST);
    ck_assert_int_eq(check_bytes(text, sizeof text), HEAD_MOST);
    memcpy(text + HEAD_MOST - 4, "x\r\n\r\n", 5);
    ck_assert_int_eq(check_bytes(text, HEAD_MOST), 0);
    ck_assert_int_eq(check_bytes(text, sizeof text), -431);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, good_ones);
    tcase_add_test(cases, where_the_words_are);
    tcase_add_test(cases, bad_ones);
    tcase_add_test(cases, zero_bytes);
    tcase_add_test(cases, as_long_as_it_may_be);
}

int main(void)
{
    return suite_run("admin/head", add);
}
