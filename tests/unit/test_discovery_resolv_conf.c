/* resolv.conf(5): what is read of it, and which names its search list makes. */
#include "discovery/resolv_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "files.h"
#include "suite.h"

#define LABEL63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"

static struct resolv_conf conf;
static char shown[4096];

static void teardown(void)
{
    resolv_conf_clear(&conf);
}

static void parse(const char *text)
{
    resolv_conf_clear(&conf);
    resolv_conf_parse(text, strlen(text), &conf);
}

/* "server server | suffix suffix | ndots timeout attempts rotate" */
static const char *show(void)
{
    size_t end = 0;
    char text[ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < conf.server_count; i++)
        end += (size_t)sprintf(shown + end, "%s ", address_format(&conf.servers[i], text));
    end += (size_t)sprintf(shown + end, "| ");
    for (size_t i = 0; i < conf.search_count; i++)
        end += (size_t)sprintf(shown + end, "%s ", conf.search[i]);
    sprintf(shown + end, "| %u %u %u %d", conf.ndots, conf.timeout, conf.attempts, conf.rotate);
    return shown;
}

static const char *parsed(const char *text)
{
    parse(text);
    return show();
}

/* --- parsing -----------------------------------------------------------------------------------
 */

START_TEST(texts)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"", "| | 1 0 0 0"},
        {"\n\n \n\t\n", "| | 1 0 0 0"},
        {"nameserver 10.0.0.1", "10.0.0.1:53 | | 1 0 0 0"},
        {"nameserver 10.0.0.1\nnameserver\tfd00::1 \n", "10.0.0.1:53 [fd00::1]:53 | | 1 0 0 0"},
        {"nameserver 10.0.0.1\r\nsearch a.test\r\n", "10.0.0.1:53 | a.test | 1 0 0 0"},
        {"  nameserver 10.0.0.1", "10.0.0.1:53 | | 1 0 0 0"},
        /* Comments. */
        {"# nameserver 10.0.0.1\n;nameserver 10.0.0.2\n", "| | 1 0 0 0"},
        {"nameserver 10.0.0.1 # the first\n", "10.0.0.1:53 | | 1 0 0 0"},
        {"nameserver 10.0.0.1 ;\nsearch a.test # b.test\n", "10.0.0.1:53 | a.test | 1 0 0 0"},
        {"options ndots:2 ; rotate\n", "| | 2 0 0 0"},
        /* What is no server is none, and spoils no other. */
        {"nameserver\nnameserver x\nnameserver 10.0.0.1:53\nnameserver 10.0.0.300\n"
         "nameserver 10.0.0.9\n",
         "10.0.0.9:53 | | 1 0 0 0"},
        {"NAMESERVER 10.0.0.1\nnameservers 10.0.0.1\nsortlist 10.0.0.0\n", "| | 1 0 0 0"},
        /* `domain` and `search` are one, and the last of them counts. */
        {"domain a.test\n", "| a.test | 1 0 0 0"},
        {"search a.test b.test\ndomain c.test\n", "| c.test | 1 0 0 0"},
        {"domain c.test\nsearch a.test\tB.Test.\n", "| a.test b.test | 1 0 0 0"},
        {"search a.test\nsearch\n", "| | 1 0 0 0"},
        {"search .\n", "| | 1 0 0 0"},
        /* Options add up, within their limits. */
        {"options ndots:5 timeout:2 attempts:3 rotate\n", "| | 5 2 3 1"},
        {"options ndots:5\noptions rotate\noptions ndots:0\n", "| | 0 0 0 1"},
        {"options ndots:99 timeout:99 attempts:99\n", "| | 15 30 5 0"},
        {"options ndots:99999999999999999999 timeout:18446744073709551617\n", "| | 15 30 0 0"},
        {"options edns0 trust-ad no-rotate rotated ndots ndotsx:3 xndots:3\n", "| | 1 0 0 0"},
        {"options timeout:0 attempts:0\n", "| | 1 0 0 0"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_msg(strcmp(parsed(rows[i].text), rows[i].shown) == 0, "%s: %s", rows[i].text,
                      shown);
}
END_TEST

START_TEST(a_scoped_server_keeps_its_scope)
{
    parse("nameserver fe80::1%lo\n");
    ck_assert_uint_eq(conf.server_count, 1);
    ck_assert_uint_eq(conf.servers[0].in6.sin6_scope_id, 1); /* loopback is always the first */
    parse("nameserver fe80::1%no-such-link\nnameserver 10.0.0.1\n");
    ck_assert_uint_eq(conf.server_count, 1);
    ck_assert_int_eq(conf.servers[0].sa.sa_family, AF_INET);
}
END_TEST

START_TEST(more_than_there_is_room_for)
{
    char text[4096] = "";
    for (int i = 1; i <= 12; i++)
        sprintf(text + strlen(text), "nameserver 10.0.0.%d\n", i);
    strcat(text, "search");
    for (int i = 1; i <= 20; i++)
        sprintf(text + strlen(text), " s%d.test", i);
    parse(text);
    ck_assert_uint_eq(conf.server_count, RESOLV_CONF_SERVERS);
    ck_assert_uint_eq(ntohl(conf.servers[7].in.sin_addr.s_addr), 0x0a000008);
    ck_assert_uint_eq(conf.search_count, RESOLV_CONF_SEARCH);
    ck_assert_str_eq(conf.search[15], "s16.test");
}
END_TEST

START_TEST(a_suffix_longer_than_a_name_is_none)
{
    char text[600];
    sprintf(text, "search %s.%s.%s.%s. b.test\n", LABEL63, LABEL63, LABEL63, LABEL63);
    parse(text); /* 255 letters */
    ck_assert_uint_eq(conf.search_count, 1);
    ck_assert_str_eq(conf.search[0], "b.test");
}
END_TEST

START_TEST(random_bytes_are_judged_not_feared)
{
    static const char *const words[] = {"nameserver", "search", "options", "ndots:", "10.0.0.1",
                                        " ",          "\n",     "#",       "a.test", "\t",
                                        "fd00::1",    ".",      "rotate",  "\r\n",   "9"};
    random_seed(3);
    for (int round = 0; round < 20000; round++) {
        char text[512] = "";
        for (int i = 0; i < 30; i++)
            strcat(text, words[random_below(COUNT_OF(words))]);
        if (round % 2)
            text[random_below(40)] = (char)random_u32();
        resolv_conf_clear(&conf);
        resolv_conf_parse(text, random_below(400), &conf);
        ck_assert_uint_le(conf.ndots, 15);
        ck_assert_uint_le(conf.server_count, RESOLV_CONF_SERVERS);
    }
}
END_TEST

START_TEST(files)
{
    files_begin();
    resolv_conf_clear(&conf);
    ck_assert_int_eq(resolv_conf_read("none", &conf), -ENOENT);
    ck_assert_str_eq(show(), "| | 1 0 0 0");
    ck_assert_int_eq(resolv_conf_read(".", &conf), -EISDIR);
    files_write("a", "nameserver 10.0.0.1\noptions rotate");
    ck_assert_int_eq(resolv_conf_read("a", &conf), 0);
    ck_assert_str_eq(show(), "10.0.0.1:53 | | 1 0 0 1");
    files_end();
}
END_TEST

/* --- the search list ----------------------------------------------------------------------------
 */

/* All names that are asked for, with blanks between; an empty one as "-". */
static const char *candidates(const char *name, bool search)
{
    char text[RESOLV_CONF_NAME_MOST + 1];
    size_t end = 0;
    for (size_t n = 0; resolv_conf_candidate(&conf, name, search, n, text); n++)
        end += (size_t)sprintf(shown + end, "%s%s", n > 0 ? " " : "", *text ? text : "-");
    return shown;
}

START_TEST(the_order_follows_ndots)
{
    parse("search s.test t.test\n");
    ck_assert_str_eq(candidates("a", true), "a.s.test a.t.test a");
    ck_assert_str_eq(candidates("a.b", true), "a.b a.b.s.test a.b.t.test");
    parse("search s.test t.test\noptions ndots:2\n");
    ck_assert_str_eq(candidates("a.b", true), "a.b.s.test a.b.t.test a.b");
    ck_assert_str_eq(candidates("a.b.c", true), "a.b.c a.b.c.s.test a.b.c.t.test");
    parse("search s.test\noptions ndots:0\n");
    ck_assert_str_eq(candidates("a", true), "a a.s.test");
}
END_TEST

START_TEST(without_a_search_there_is_the_name)
{
    parse("search s.test\n");
    ck_assert_str_eq(candidates("a", false), "a");
    ck_assert_str_eq(candidates("a.b", false), "a.b");
    parse("");
    ck_assert_str_eq(candidates("a", true), "a");
    ck_assert_str_eq(candidates("a.b", true), "a.b");
}
END_TEST

START_TEST(what_gets_too_long_is_left_out)
{
    char name[RESOLV_CONF_NAME_MOST + 1], expected[1024];
    sprintf(name, "%s.%s.%s.%.54s", LABEL63, LABEL63, LABEL63, LABEL63);
    ck_assert_uint_eq(strlen(name), 246);
    parse("search s.test st.test\n"); /* 246 + 1 + 6 is as long as names get */
    sprintf(expected, "%s %s.s.test -", name, name);
    ck_assert_str_eq(candidates(name, true), expected);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, texts);
    tcase_add_test(cases, a_scoped_server_keeps_its_scope);
    tcase_add_test(cases, more_than_there_is_room_for);
    tcase_add_test(cases, a_suffix_longer_than_a_name_is_none);
    tcase_add_test(cases, random_bytes_are_judged_not_feared);
    tcase_add_test(cases, files);
    tcase_add_test(cases, the_order_follows_ndots);
    tcase_add_test(cases, without_a_search_there_is_the_name);
    tcase_add_test(cases, what_gets_too_long_is_left_out);
}

int main(void)
{
    return suite_run("discovery/resolv_conf", add);
}
