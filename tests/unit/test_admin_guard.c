#include "admin/guard.h"

#include <string.h>

#include "suite.h"

static bool passes(struct guard_request request)
{
    const char *why = guard_check(&request);
    ck_assert(!why || strlen(why) > 20);
    return why == NULL;
}

START_TEST(hosts_over_tcp)
{
    static const char *const own[] = {"localhost",  "LocalHost",      "localhost:9999",
                                      "127.0.0.1",  "127.0.0.1:9999", "[::1]",
                                      "[::1]:9999", "localhost:1"};
    static const char *const foreign[] = {"evil.test",
                                          "localhost.evil.test",
                                          "localhost.",
                                          "127.0.0.1.evil.test",
                                          "127.0.0.2",
                                          "::1",
                                          "[::1]evil.test",
                                          "localhost:",
                                          "localhost:x",
                                          "localhost:9999x",
                                          "localhost:99999999",
                                          "evil.test:80",
                                          "",
                                          "localhost@evil.test",
                                          "localhost/",
                                          "x127.0.0.1"};
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        ck_assert_msg(passes((struct guard_request){.tcp = true, .host = own[i]}), "%s", own[i]);
        ck_assert(
            passes((struct guard_request){.tcp = true, .host = "localhost", .authority = own[i]}));
    }
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        ck_assert_msg(!passes((struct guard_request){.tcp = true, .host = foreign[i]}), "<%s>",
                      foreign[i]);
        ck_assert(!passes(
            (struct guard_request){.tcp = true, .host = "localhost", .authority = foreign[i]}));
        ck_assert(passes((struct guard_request){.tcp = false, .host = foreign[i]}));
    }
    ck_assert(passes((struct guard_request){.tcp = true})); /* HTTP/1.0 */
}
END_TEST

START_TEST(origins)
{
    static const struct {
        bool good;
        const char *origin, *host;
    } cases[] = {
        {true, "http://localhost:9999", "localhost:9999"},
        {true, "HTTP://LOCALHOST:9999", "localhost:9999"},
        {true, "https://localhost", "localhost"}, /* a proxy in front of the Unix socket */
        {false, "http://localhost:8888", "localhost:9999"}, /* another program's page */
        {false, "http://127.0.0.1:9999", "localhost:9999"},
        {false, "http://evil.test", "localhost:9999"},
        {false, "http://localhost:9999.evil.test", "localhost:9999"},
        {false, "null", "localhost:9999"},
        {false, "", "localhost:9999"},
        {false, "ftp://localhost:9999", "localhost:9999"},
        {false, "localhost:9999", "localhost:9999"},
        {false, "http://localhost:9999", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int tcp = 0; tcp <= 1; tcp++)
            ck_assert_msg(passes((struct guard_request){
                              .tcp = tcp, .host = cases[i].host, .origin = cases[i].origin}) ==
                              cases[i].good,
                          "%s", cases[i].origin);
}
END_TEST

START_TEST(nothing_is_changed_over_tcp)
{
    ck_assert(!passes((struct guard_request){.tcp = true, .post = true, .host = "localhost"}));
    ck_assert(!passes((struct guard_request){
        .tcp = true, .post = true, .host = "localhost", .origin = "http://localhost"}));
    ck_assert(passes((struct guard_request){.tcp = false, .post = true, .host = "anything"}));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, hosts_over_tcp);
    tcase_add_test(cases, origins);
    tcase_add_test(cases, nothing_is_changed_over_tcp);
}

int main(void)
{
    return suite_run("admin/guard", add);
}
