#include "discovery/hosts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "suite.h"

static struct hosts *hosts;

static void setup(void)
{
    files_clear();
    hosts = hosts_new("hosts");
    ck_assert_ptr_nonnull(hosts);
}

static void teardown(void)
{
    hosts_free(hosts);
}

/* "outcome address address", or "-" where the name is not there. */
static const char *ask(const char *name, enum dns_type type)
{
    static char shown[2048];
    struct answer answer;
    if (!hosts_answer(hosts, name, type, &answer))
        return "-";
    size_t end = (size_t)sprintf(shown, "%s", answer_outcome_name(answer.outcome));
    for (size_t i = 0; i < answer.count && i < 20; i++) {
        char text[ADDRESS_TEXT_MAX];
        const struct address address = record_address(&answer.records[i]);
        end += (size_t)sprintf(shown + end, " %s", address_format(&address, text));
    }
    ck_assert_uint_eq(answer.ttl, HOSTS_TTL);
    answer_clear(&answer);
    return shown;
}

/* As lists of names that are not to be reached have it. */
START_TEST(an_address_that_nobody_has_blocks_the_name)
{
    files_write("hosts", "0.0.0.0 blocked.test\n:: blocked.test\n");
    ck_assert_str_eq(ask("blocked.test", DNS_TYPE_A), "empty");
    ck_assert_str_eq(ask("blocked.test", DNS_TYPE_AAAA), "empty");
}
END_TEST

START_TEST(names_and_aliases)
{
    files_write("hosts", "# a comment\n"
                         "127.0.0.1\tlocalhost\n"
                         "::1 localhost ip6-localhost\n"
                         "  10.0.0.2   b.test  B  # why\n"
                         "10.0.0.1 b.test.\n"
                         "10.0.0.2 b.test\n"
                         "10.0.0.3 #c.test\n"
                         "nonsense d.test\n"
                         "10.0.0.4\r\n"
                         "fd00::1 e.test");
    ck_assert_str_eq(ask("localhost", DNS_TYPE_A), "records 127.0.0.1:0");
    ck_assert_str_eq(ask("LOCALHOST", DNS_TYPE_AAAA), "records [::1]:0");
    ck_assert_str_eq(ask("b.test", DNS_TYPE_A), "records 10.0.0.1:0 10.0.0.2:0");
    ck_assert_str_eq(ask("b", DNS_TYPE_A), "records 10.0.0.2:0");
    ck_assert_str_eq(ask("b.test", DNS_TYPE_AAAA), "empty");
    ck_assert_str_eq(ask("e.test", DNS_TYPE_AAAA), "records [fd00::1]:0");
    ck_assert_str_eq(ask("e.test", DNS_TYPE_A), "empty");
    static const char *const unknown[] = {"c.test", "d.test", "test", "b.tes", "why", "#", ""};
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        ck_assert_str_eq(ask(unknown[i], DNS_TYPE_A), "-");
}
END_TEST

START_TEST(changes_are_seen)
{
    ck_assert_str_eq(ask("a.test", DNS_TYPE_A), "-"); /* there is no file yet */
    files_write("hosts", "10.0.0.1 a.test\n");
    ck_assert_str_eq(ask("a.test", DNS_TYPE_A), "records 10.0.0.1:0");
    files_write("hosts", "10.0.0.1 a.test\n10.0.0.2 a.test\n");
    ck_assert_str_eq(ask("a.test", DNS_TYPE_A), "records 10.0.0.1:0 10.0.0.2:0");
    files_write("new", "10.0.0.3 a.test\n");
    ck_assert_int_eq(rename("new", "hosts"), 0);
    ck_assert_str_eq(ask("a.test", DNS_TYPE_A), "records 10.0.0.3:0");
    ck_assert_int_eq(unlink("hosts"), 0);
    ck_assert_str_eq(ask("a.test", DNS_TYPE_A), "-");
}
END_TEST

START_TEST(odd_files)
{
    static char bytes[300000];
    memset(bytes, 'x', sizeof bytes);
    files_write_bytes("hosts", bytes, sizeof bytes);
    ck_assert_str_eq(ask("a.test", DNS_TYPE_A), "-");
    memset(bytes, 0, sizeof bytes);
    files_write_bytes("hosts", bytes, sizeof bytes - 1);
    ck_assert_str_eq(ask("a.test", DNS_TYPE_A), "-");
    ck_assert_int_eq(unlink("hosts"), 0);
    ck_assert_int_eq(symlink("/", "hosts"), 0);
    ck_assert_str_eq(ask("a.test", DNS_TYPE_A), "-");
    hosts_free(NULL);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_unchecked_fixture(cases, files_begin, files_end);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, an_address_that_nobody_has_blocks_the_name);
    tcase_add_test(cases, names_and_aliases);
    tcase_add_test(cases, changes_are_seen);
    tcase_add_test(cases, odd_files);
}

int main(void)
{
    return suite_run("discovery/hosts", add);
}
