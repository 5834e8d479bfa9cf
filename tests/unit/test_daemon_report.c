#include "daemon/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "plain_set.h"
#include "suite.h"

static int ends[2];
static char line[8192];

static void setup(void)
{
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_setup(ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
}

/* The one line that was written. */
static const char *said(void)
{
    ssize_t got = read(ends[0], line, sizeof line - 1);
    ck_assert_int_gt(got, 0);
    line[got - 1] = '\0';
    ck_assert_ptr_null(strchr(line, '\n'));
    return line;
}

/* The addresses 10.0.0.FROM … 10.0.0.TO. */
static struct endpoint_set *set_of(const struct endpoint_set *previous, unsigned from, unsigned to)
{
    struct address addresses[256];
    size_t count = 0;
    for (unsigned n = from; n <= to; n++) {
        struct in_addr ip = {.s_addr = htonl(0x0a000000u + n)};
        addresses[count++] = address_ipv4(&ip, 80);
    }
    return plain_set(previous, addresses, count);
}

START_TEST(what_came_and_what_went)
{
    struct endpoint_set *none = set_of(NULL, 1, 0), *one = set_of(none, 1, 2);
    struct endpoint_set *two = set_of(one, 2, 3);
    report_endpoints("name", one, NULL, 0);
    ck_assert_str_eq(said(),
                     "<6>endpoints changed upstream=name count=2 added=10.0.0.1:80,10.0.0.2:80");
    report_endpoints("name", two, one, 1500 * USEC_PER_MSEC + 7);
    ck_assert_str_eq(said(), "<6>endpoints changed upstream=name count=2 added=10.0.0.3:80 "
                             "removed=10.0.0.1:80 ttl=1500ms");
    report_endpoints("name", none, two, USEC_PER_SEC);
    ck_assert_str_eq(said(), "<6>endpoints changed upstream=name count=0 "
                             "removed=10.0.0.2:80,10.0.0.3:80 ttl=1s");
    endpoint_set_unref(none);
    endpoint_set_unref(one);
    endpoint_set_unref(two);
}
END_TEST

START_TEST(many_are_counted)
{
    struct endpoint_set *set = set_of(NULL, 1, 200);
    report_endpoints("name", set, NULL, 0);
    ck_assert_ptr_nonnull(strstr(said(), "10.0.0.16:80,and-184-more"));
    ck_assert_ptr_null(strstr(line, "10.0.0.17:80"));
    endpoint_set_unref(set);
    set = set_of(NULL, 1, 16);
    report_endpoints("name", set, NULL, 0);
    ck_assert_ptr_nonnull(strstr(said(), "10.0.0.16:80"));
    ck_assert_ptr_null(strstr(line, "more"));
    endpoint_set_unref(set);
}
END_TEST

/* The longest addresses there are. */
START_TEST(long_addresses_fit)
{
    struct address addresses[40];
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct in6_addr ip;
        memset(&ip, 0xff, sizeof ip);
        ip.s6_addr[15] = (uint8_t)(200 + i);
        addresses[i] = address_ipv6(&ip, 65535);
        addresses[i].in6.sin6_scope_id = UINT32_MAX;
    }
    struct endpoint_set *set = plain_set(NULL, addresses, COUNT_OF(addresses));
    report_endpoints("name", set, NULL, 0);
    ck_assert_ptr_nonnull(strstr(said(), ",and-24-more"));
    endpoint_set_unref(set);
}
END_TEST

START_TEST(a_name_fails_and_recovers)
{
    struct answer answer = {.outcome = ANSWER_TIMEOUT, .ttl = ANSWER_TTL_UNKNOWN};
    struct reply reply = {.answer = &answer, .asked = "a.test"};
    const char *why;
    ck_assert_int_eq(address_parse("10.0.0.2:53", &reply.server, &why), 0);
    struct lookup_news news = {.name = "a.test",
                               .type = DNS_TYPE_A,
                               .reply = &reply,
                               .wait = 1040 * USEC_PER_MSEC,
                               .failing = true,
                               .turned = true};
    report_lookup(NULL, &news);
    ck_assert_str_eq(said(), "<4>dns failed name=a.test type=A outcome=timeout "
                             "server=10.0.0.2:53 retry=1040ms");
    news.failing = false;
    news.type = DNS_TYPE_AAAA;
    report_lookup(NULL, &news);
    ck_assert_str_eq(said(), "<6>dns recovered name=a.test type=AAAA");
    news.turned = false;
    answer.refused = 2;
    news.fresh = true;
    report_lookup(NULL, &news);
    ck_assert_str_eq(said(), "<4>dns named what nobody can be reached at: it is passed over "
                             "name=a.test type=AAAA records=2");
}
END_TEST

START_TEST(each_answer_at_debug_level)
{
    struct answer answer = {.outcome = ANSWER_RECORDS, .ttl = 0, .count = 3};
    struct reply reply = {.answer = &answer, .source = REPLY_HOSTS, .asked = "a.test.internal"};
    struct lookup_news news = {.name = "a.test",
                               .type = DNS_TYPE_A,
                               .reply = &reply,
                               .wait = USEC_PER_SEC,
                               .reason = WAIT_MIN_TTL};
    log_setup(ends[1], LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, true);
    report_lookup(NULL, &news);
    ck_assert_str_eq(said(), "<7>dns answer name=a.test.internal type=A outcome=records count=3 "
                             "from=/etc/hosts ttl=0s next=1s by=min-ttl");
}
END_TEST

START_TEST(resolv_conf_was_read)
{
    report_reread(NULL, 0);
    ck_assert_str_eq(said(), "<6>resolv.conf has changed and was read again");
    report_reread(NULL, -ENODATA);
    ck_assert_ptr_nonnull(strstr(said(), "error=\"it names no server\""));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, what_came_and_what_went);
    tcase_add_test(cases, many_are_counted);
    tcase_add_test(cases, long_addresses_fit);
    tcase_add_test(cases, a_name_fails_and_recovers);
    tcase_add_test(cases, each_answer_at_debug_level);
    tcase_add_test(cases, resolv_conf_was_read);
}

int main(void)
{
    return suite_run("daemon/report", add);
}
