#include "config/options.h"
#include "config/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/value.h"
#include "suite.h"

#define WHY_SIZE 192

/* Both scopes at once, zeroed. */
struct both {
    struct global_options global;
    struct upstream_options upstream;
};

static void *scope_of(struct both *both, const struct config_option *option)
{
    return option->scope == OPTION_GLOBAL ? (void *)&both->global : (void *)&both->upstream;
}

static int64_t scalar(struct both *both, const struct config_option *option)
{
    return option_value(option, scope_of(both, option));
}

static void free_both(struct both *both)
{
    option_free_all(OPTION_GLOBAL, &both->global);
    option_free_all(OPTION_UPSTREAM, &both->upstream);
}

START_TEST(every_row_is_whole)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        ck_assert_ptr_eq(option_find(option->section, option->key), option);
        ck_assert(option_section_known(option->section));
        ck_assert_ptr_nonnull(option->help);
        ck_assert_int_eq(option->default_text == NULL,
                         option_is_list(option) && option->type != OPTION_ADMINS);
        ck_assert_int_eq(option->type == OPTION_CHOICE, option->choices != NULL);
        if (option->type == OPTION_DURATION || option->type == OPTION_COUNT)
            ck_assert_int_lt(option->min, option->max);
        ck_assert_int_eq(option->scope == OPTION_GLOBAL, strcmp(option->section, "redial") == 0);
    }
    ck_assert_ptr_null(option_find("redial", "listen"));
    ck_assert_ptr_null(option_find("nothing", "threads"));
    ck_assert(!option_section_known("Redial"));
}
END_TEST

START_TEST(every_default_is_inside_its_range)
{
    struct both both = {0};
    char why[WHY_SIZE] = "";
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        if (!option->default_text)
            continue;
        ck_assert_msg(
            option_set(option, scope_of(&both, option), option->default_text, why, sizeof why) == 0,
            "%s: %s", option->key, why);
        if (option_is_list(option))
            continue;
        bool zero = option->zero && strcmp(option->default_text, option->zero) == 0;
        int64_t value = scalar(&both, option);
        if (option->type != OPTION_CHOICE && !zero)
            ck_assert(value >= option->min && value <= option->max);
        if (zero)
            ck_assert_int_eq(value, 0);
    }
    free_both(&both);
}
END_TEST

START_TEST(the_defaults_of_the_contract)
{
    struct both both = {0};
    option_set_defaults(OPTION_GLOBAL, &both.global);
    option_set_defaults(OPTION_UPSTREAM, &both.upstream);
    ck_assert_int_eq(both.global.threads, 0);
    ck_assert_uint_eq(both.global.resolver_count, 0);
    ck_assert_uint_eq(both.global.admin_count, 1);
    ck_assert_str_eq(both.global.admins[0].path, "/run/redial/admin.sock");
    ck_assert_uint_eq(both.global.admins[0].mode, 0660);
    ck_assert_int_eq(both.global.log_level, LOG_LEVEL_INFO);
    ck_assert_int_eq(both.global.log_format, LOG_FORMAT_TEXT);
    ck_assert_int_eq(both.global.access_log, 0);
    ck_assert_int_eq(both.global.max_connections, 0);
    ck_assert_int_eq(both.global.stop_timeout, 30 * USEC_PER_SEC);
    ck_assert_int_eq(both.upstream.balance, BALANCE_ROUND_ROBIN);
    ck_assert_uint_eq(both.upstream.allowed_count, 0);
    ck_assert_int_eq(both.upstream.family, FAMILY_ANY);
    ck_assert_int_eq(both.upstream.min_ttl, USEC_PER_SEC);
    ck_assert_int_eq(both.upstream.max_ttl, 300 * USEC_PER_SEC);
    ck_assert_int_eq(both.upstream.connect_timeout, 2 * USEC_PER_SEC);
    ck_assert_int_eq(both.upstream.deadline, 10 * USEC_PER_SEC);
    ck_assert_int_eq(both.upstream.hedge_after, 250 * USEC_PER_MSEC);
    ck_assert_int_eq(both.upstream.attempts, 0);
    ck_assert_int_eq(both.upstream.eject_failures, 1);
    ck_assert_int_eq(both.upstream.eject_base, 2 * USEC_PER_SEC);
    ck_assert_int_eq(both.upstream.eject_max, 60 * USEC_PER_SEC);
    ck_assert_int_eq(both.upstream.check_interval, 0);
    ck_assert_int_eq(both.upstream.check_timeout, USEC_PER_SEC);
    ck_assert_int_eq(both.upstream.check_rise, 2);
    ck_assert_int_eq(both.upstream.check_fall, 3);
    ck_assert_int_eq(both.upstream.idle_timeout, 0);
    ck_assert_int_eq(both.upstream.removed_drain, 0);
    ck_assert_int_eq(both.upstream.max_age, 0);
    ck_assert_int_eq(both.upstream.keepalive, 1);
    ck_assert_int_eq(both.upstream.user_timeout, 30 * USEC_PER_SEC);
    ck_assert_uint_eq(both.upstream.source_count, 0);
    ck_assert_int_eq(both.upstream.proxy_protocol, PROXY_PROTOCOL_OFF);
    free_both(&both);
}
END_TEST

START_TEST(a_word_may_stand_for_a_number)
{
    struct both both = {0};
    char why[WHY_SIZE];
    const struct config_option *option = option_find("connect", "hedge-after");
    ck_assert_int_eq(option_set(option, &both.upstream, "adaptive", why, sizeof why), 0);
    ck_assert_int_eq(both.upstream.hedge_after, HEDGE_ADAPTIVE);
    ck_assert_int_eq(option_set(option, &both.upstream, "off", why, sizeof why), 0);
    ck_assert_int_eq(both.upstream.hedge_after, 0);
    ck_assert_int_eq(option_set(option, &both.upstream, "never", why, sizeof why), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "nor off, nor adaptive"));
    option = option_find("connect", "timeout");
    ck_assert_int_eq(option_set(option, &both.upstream, "adaptive", why, sizeof why), -EINVAL);
    ck_assert_ptr_null(strstr(why, "nor"));
}
END_TEST

static void number_text(const struct config_option *option, int64_t value, char *text, size_t size)
{
    if (option->type == OPTION_DURATION)
        snprintf(text, size, "%lldms", (long long)(value / USEC_PER_MSEC));
    else
        snprintf(text, size, "%lld", (long long)value);
}

START_TEST(the_ends_of_every_range)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        struct both both = {0};
        char text[64], why[WHY_SIZE];
        if (option->type != OPTION_DURATION && option->type != OPTION_COUNT)
            continue;
        int64_t step = option->type == OPTION_DURATION ? USEC_PER_MSEC : 1;
        int64_t taken[] = {option->min, option->max};
        int64_t refused[] = {option->min - step, option->max + step};
        for (int end = 0; end < 2; end++) {
            number_text(option, taken[end], text, sizeof text);
            ck_assert_int_eq(option_set(option, scope_of(&both, option), text, why, sizeof why), 0);
            ck_assert_int_eq(scalar(&both, option), taken[end]);
            number_text(option, refused[end], text, sizeof text);
            ck_assert_int_eq(option_set(option, scope_of(&both, option), text, why, sizeof why),
                             -EINVAL);
            ck_assert_int_eq(scalar(&both, option), taken[end]); /* nothing has changed */
        }
    }
}
END_TEST

START_TEST(choices)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        struct both both = {0};
        char why[WHY_SIZE];
        if (option->type != OPTION_CHOICE)
            continue;
        for (int64_t n = 0; option->choices[n]; n++) {
            ck_assert_int_eq(
                option_set(option, scope_of(&both, option), option->choices[n], why, sizeof why),
                0);
            ck_assert_int_eq(scalar(&both, option), n);
        }
        ck_assert_int_eq(option_set(option, scope_of(&both, option), "other", why, sizeof why),
                         -EINVAL);
        for (int64_t n = 0; option->choices[n]; n++)
            ck_assert_msg(strstr(why, option->choices[n]) != NULL, "%s: %s", option->key, why);
    }
}
END_TEST

/* What goes wrong is said with what is right, in any buffer. */
START_TEST(refusals_fit_their_buffer)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        struct both both = {0};
        for (size_t size = 1; size <= WHY_SIZE; size += 13) {
            char *why = malloc(size); /* a byte too many is seen by the sanitizer */
            ck_assert_int_eq(option_set(option, scope_of(&both, option), "?", why, size), -EINVAL);
            ck_assert_ptr_nonnull(memchr(why, '\0', size));
            free(why);
        }
        free_both(&both);
    }
}
END_TEST

START_TEST(a_drain)
{
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } rows[] = {
        {"keep", 0},
        {"drain 60s", 60 * USEC_PER_SEC},
        {"drain:2m", 120 * USEC_PER_SEC},
        {"drain \t1s", USEC_PER_SEC},
        {"drain 24h", 24 * 3600 * USEC_PER_SEC},
        {"drain", -1},
        {"drain ", -1},
        {"drain 0", -1},
        {"drain 999ms", -1},
        {"drain 25h", -1},
        {"drain60s", -1},
        {"drain forever", -1},
        {"60s", -1},
        {"off", -1},
        {"", -1},
    };
    const struct config_option *option = option_find("session", "removed");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct both both = {.upstream.removed_drain = 77};
        char why[WHY_SIZE];
        int result = option_set(option, &both.upstream, rows[i].text, why, sizeof why);
        ck_assert_msg(result == (rows[i].want < 0 ? -EINVAL : 0), "\"%s\"", rows[i].text);
        ck_assert_int_eq(both.upstream.removed_drain, rows[i].want < 0 ? 77 : rows[i].want);
    }
}
END_TEST

START_TEST(lists_are_appended_to)
{
    struct both both = {0};
    char why[WHY_SIZE];
    const struct config_option *listen = option_find("upstream", "listen");
    const struct config_option *allow = option_find("upstream", "allow");
    ck_assert_int_eq(option_set(listen, &both.upstream, "127.0.0.1:1 ,[::1]:2", why, sizeof why),
                     0);
    ck_assert_uint_eq(both.upstream.listen_count, 2);
    ck_assert_int_eq(option_set(listen, &both.upstream, "3", why, sizeof why), 0);
    ck_assert_uint_eq(both.upstream.listen_count, 4);
    ck_assert_uint_eq(address_port(&both.upstream.listens[3].address), 3);
    ck_assert_int_eq(option_set(listen, &both.upstream, "4, 0", why, sizeof why), -EINVAL);
    ck_assert_uint_eq(both.upstream.listen_count, 4); /* all of a value, or nothing of it */
    ck_assert_int_eq(option_set(allow, &both.upstream, "10.0.0.0/8", why, sizeof why), 0);
    option_clear_list(listen, &both.upstream);
    ck_assert_uint_eq(both.upstream.listen_count, 0);
    ck_assert_ptr_null(both.upstream.listens);
    ck_assert_uint_eq(both.upstream.allowed_count, 1);
    free_both(&both);
}
END_TEST

START_TEST(lists_refuse_gaps)
{
    static const char *const gaps[] = {"", " ", ",", "1,", ",1", "1,,2", "1, ,2"};
    const struct config_option *listen = option_find("upstream", "listen");
    for (size_t i = 0; i < COUNT_OF(gaps); i++) {
        struct both both = {0};
        char why[WHY_SIZE];
        ck_assert_int_eq(option_set(listen, &both.upstream, gaps[i], why, sizeof why), -EINVAL);
        ck_assert_uint_eq(both.upstream.listen_count, 0);
    }
}
END_TEST

START_TEST(resolvers)
{
    static const char *const good[][2] = {
        {"10.0.0.2", "10.0.0.2:53"},  {"10.0.0.2:5353", "10.0.0.2:5353"},      {"::1", "[::1]:53"},
        {"[::1]:5353", "[::1]:5353"}, {"fd00:ec2::253", "[fd00:ec2::253]:53"},
    };
    static const char *const bad[] = {"name", "name:53", "[::1]", "10.0.0.2:0", "10.0.0.2:", "x y"};
    const struct config_option *option = option_find("redial", "resolver");
    struct both both = {0};
    char why[WHY_SIZE], text[ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        ck_assert_int_eq(option_set(option, &both.global, good[i][0], why, sizeof why), 0);
        ck_assert_uint_eq(both.global.resolver_count, i + 1);
        ck_assert_str_eq(address_format(&both.global.resolvers[i], text), good[i][1]);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_int_eq(option_set(option, &both.global, bad[i], why, sizeof why), -EINVAL);
    free_both(&both);
}
END_TEST

START_TEST(suggestions)
{
    static const struct {
        const char *section, *key, *want;
    } rows[] = {
        {"upstream", "lisen", "listen"},
        {"upstream", "targets", "target"},
        {"upstream", "Listen", "listen"},
        {"connect", "timeot", "timeout"},
        {"connect", "deadlien", "deadline"},
        {"dns", "minttl", "min-ttl"},
        {"dns", "min_ttl", "min-ttl"},
        {"redial", "log_level", "log-level"},
        {"upstream", "frobnicate", NULL},
        {"dns", "listen", NULL}, /* of another section */
        {"dns", "", NULL},
        {"dns", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
        {"upstraem", NULL, "upstream"},
        {"Upstream", NULL, "upstream"},
        {"conect", NULL, "connect"},
        {"dsn", NULL, "dns"},
        {"frobnicate", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *got = option_suggest(rows[i].section, rows[i].key);
        if (rows[i].want)
            ck_assert_pstr_eq(got, rows[i].want);
        else
            ck_assert_msg(!got, "[%s] %s: %s", rows[i].section, rows[i].key, got);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, every_row_is_whole);
    tcase_add_test(cases, every_default_is_inside_its_range);
    tcase_add_test(cases, the_defaults_of_the_contract);
    tcase_add_test(cases, a_word_may_stand_for_a_number);
    tcase_add_test(cases, the_ends_of_every_range);
    tcase_add_test(cases, choices);
    tcase_add_test(cases, refusals_fit_their_buffer);
    tcase_add_test(cases, a_drain);
    tcase_add_test(cases, lists_are_appended_to);
    tcase_add_test(cases, lists_refuse_gaps);
    tcase_add_test(cases, resolvers);
    tcase_add_test(cases, suggestions);
}

int main(void)
{
    return suite_run("config/options", add);
}
