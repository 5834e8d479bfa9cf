/* Who stays behind the name, whatever DNS says: nothing, less than before, or a part of the whole.
 */
#include "bed.h"

#include <stdio.h>

static void begin(struct bed *bed, int thread, const char *addresses, unsigned ttl,
                  const char *words)
{
    bed_open(bed);
    for (int i = 2; i <= 5; i++) {
        bed_add(bed, PEER_IDENTIFY, i);
    }
    bed_set_name(bed, addresses, ttl);
    bed_run_name(bed, bed_threads[thread], words);
}

static bool changed(struct bed *bed, const char *parts)
{
    return daemon_wait_line(bed->daemon, parts, limit_ms(5000));
}

static void wait_questions(struct bed *bed, size_t more)
{
    size_t asked = dns_script_count(bed->dns, BED_NAME, DNS_A);
    ck_assert(dns_script_wait(bed->dns, BED_NAME, DNS_A, asked + more, limit_ms(10000)));
}

/* A client that has asked and is not served, since there is no address. The log speaks before every
 * worker has heard: one that was still served is not the one. */
static int connect_a_waiter(const struct bed *bed)
{
    for (int tries = 0; tries < 50; tries++) {
        int client = bed_connect(bed);
        ck_assert_int_eq(client_send(client, "who\n", 4, limit_ms(1000)), 0);
        if (client_next(client, limit_ms(300)) == CLIENT_NEXT_NOTHING) {
            return client;
        }
        client_close(client);
    }
    ck_abort_msg("every client was served");
    return -1;
}

/* "Nothing is there" is believed only once it was said for `hold`; then clients wait, and are
 * served when somebody is there again. */
START_TEST(nothing_is_held_and_then_believed)
{
    struct bed bed;
    begin(&bed, _i, "2,3", 1, "-o dns.hold=3s");
    int64_t start = moment_ms();
    dns_script_set_answer(bed.dns, BED_NAME, DNS_A, DNS_ANSWER_NXDOMAIN);
    wait_questions(&bed, 2);
    char answer[64];
    bed_ask(&bed, NULL, answer, sizeof(answer)); /* fails the test where nobody answers */
    ck_assert(changed(&bed, "endpoints changed|count=0|removed=127.0.0.2:"));
    ck_assert_int_ge(moment_ms() - start, 3000);
    int client = connect_a_waiter(&bed);
    bed_set_name(&bed, "4", 1);
    ck_assert_int_eq(client_receive_line(client, answer, sizeof(answer), limit_ms(5000)), 0);
    ck_assert_str_eq(answer, "127.0.0.4");
    client_close(client);
    bed_close(&bed);
}
END_TEST

START_TEST(a_held_address_leaves_when_it_fails)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2); /* 3 refuses */
    bed_set_name(&bed, "2,3", 1);
    bed_run_name(&bed, bed_threads[_i], "-o dns.hold=1h");
    dns_script_set_answer(bed.dns, BED_NAME, DNS_A, DNS_ANSWER_NXDOMAIN);
    wait_questions(&bed, 2);
    for (int i = 0; i < 2; i++) {
        bed_expect(&bed, 2);
    }
    ck_assert(changed(&bed, "endpoints changed|count=1|removed=127.0.0.3:"));
    bed_expect(&bed, 2);
    bed_close(&bed);
}
END_TEST

START_TEST(a_great_loss_is_confirmed)
{
    struct bed bed;
    begin(&bed, _i, "2,3,4,5", 1, "");
    bed_set_name(&bed, "2", 1);
    wait_questions(&bed, 1);
    size_t asked = dns_script_count(bed.dns, BED_NAME, DNS_A);
    ck_assert(changed(&bed, "endpoints changed|count=1|removed=127.0.0.3:"));
    ck_assert_uint_gt(dns_script_count(bed.dns, BED_NAME, DNS_A), asked);
    bed_close(&bed);
}
END_TEST

START_TEST(a_short_answer_between_good_ones_removes_nothing)
{
    struct bed bed;
    begin(&bed, _i, "2,3,4,5", 1, "");
    size_t asked = dns_script_count(bed.dns, BED_NAME, DNS_A);
    bed_set_name(&bed, "2", 1);
    ck_assert(dns_script_wait(bed.dns, BED_NAME, DNS_A, asked + 1, limit_ms(3000)));
    bed_set_name(&bed, "2,3,4,5", 1);
    wait_questions(&bed, 2);
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoints changed|removed="), 0);
    bed_close(&bed);
}
END_TEST

/* Answers of sample-size addresses or more are parts of the whole: the set is their union. */
START_TEST(samples_unite)
{
    struct bed bed;
    begin(&bed, _i, "2,3", 1, "-o dns.sample-size=2");
    bed_set_name(&bed, "3,4", 1);
    ck_assert(changed(&bed, "endpoints changed|count=3|added=127.0.0.4:"));
    bed_set_name(&bed, "4,5", 1);
    ck_assert(changed(&bed, "endpoints changed|count=4|added=127.0.0.5:"));
    for (int i = 2; i <= 5; i++) {
        char want[16];
        snprintf(want, sizeof(want), "127.0.0.%d", i);
        bed_ask_until(&bed, want, limit_ms(2000));
    }
    ck_assert_uint_eq(daemon_count_lines(bed.daemon, "endpoints changed|removed="), 0);
    bed_close(&bed);
}
END_TEST

START_TEST(an_absent_address_leaves_when_it_fails)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    bed_add(&bed, PEER_IDENTIFY, 4); /* 3 refuses */
    bed_set_name(&bed, "2,3", 1);
    bed_run_name(&bed, bed_threads[_i], "-o dns.sample-size=2");
    bed_set_name(&bed, "2,4", 1);
    ck_assert(changed(&bed, "endpoints changed|count=3|added=127.0.0.4:"));
    for (int i = 0; i < 12; i++) { /* more than its turn, since a worker may hear late */
        char answer[64];
        bed_ask(&bed, NULL, answer, sizeof(answer));
    }
    ck_assert(changed(&bed, "endpoints changed|count=2|removed=127.0.0.3:"));
    bed_close(&bed);
}
END_TEST

/* A failed connect asks again early, once for all who fail, and not sooner than min-ttl. */
START_TEST(a_failed_connect_asks_early)
{
    struct bed bed;
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2); /* 3 refuses */
    bed_set_name(&bed, "2,3", 60);
    bed_run_name(&bed, bed_threads[_i], "-o dns.min-ttl=2s");
    size_t asked = dns_script_count(bed.dns, BED_NAME, DNS_A);
    int64_t start = moment_ms();
    for (int i = 0; i < 20; i++) {
        bed_expect(&bed, 2);
    }
    ck_assert(dns_script_wait(bed.dns, BED_NAME, DNS_A, asked + 1, limit_ms(3000)));
    ck_assert_int_le(moment_ms() - start, limit_ms(2300));
    ck_assert_uint_eq(dns_script_count(bed.dns, BED_NAME, DNS_A), asked + 1);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("membership");
    BED_TEST(suite, nothing_is_held_and_then_believed, BED_THREADS, 30);
    BED_TEST(suite, a_held_address_leaves_when_it_fails, BED_THREADS, 20);
    BED_TEST(suite, a_great_loss_is_confirmed, BED_THREADS, 20);
    BED_TEST(suite, a_short_answer_between_good_ones_removes_nothing, BED_THREADS, 20);
    BED_TEST(suite, samples_unite, BED_THREADS, 20);
    BED_TEST(suite, an_absent_address_leaves_when_it_fails, BED_THREADS, 20);
    BED_TEST(suite, a_failed_connect_asks_early, BED_THREADS, 20);
    return bed_main(suite);
}
