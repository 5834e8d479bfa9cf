#include "proxy/eject.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "plain_set.h"
#include "suite.h"

#define SEC USEC_PER_SEC
#define COUNT 3
#define THREADS 4

static struct upstream_options options;
static struct endpoint_set *set;
static struct endpoint *one;

static void setup(void)
{
    struct address addresses[COUNT];
    for (int i = 0; i < COUNT; i++) {
        struct in_addr ip = {.s_addr = htonl(0x0a000001u + (uint32_t)i)};
        addresses[i] = address_ipv4(&ip, 80);
    }
    set = plain_set(NULL, addresses, COUNT);
    one = set->endpoints[0];
    options = (struct upstream_options){
        .eject_failures = 1, .eject_base = 2 * SEC, .eject_max = 60 * SEC};
    clock_freeze(1000 * SEC);
}

static void teardown(void)
{
    clock_release();
    endpoint_set_unref(set);
}

/* Found by a connect that begins now. */
static enum eject_turn note(enum eject_event event)
{
    return eject_note(one, event, clock_now(), &options, set).turn;
}

static usec_t wait_for_probe(void)
{
    return eject_probe_at(one) - clock_now();
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct {
    const char *event, *verdict;
} rows[EJECT_EVENTS] = {
    [EJECT_REFUSED] = {"refused", "strike"},
    [EJECT_UNREACHABLE] = {"unreachable", "strike"},
    [EJECT_TIMED_OUT] = {"timed-out", "strike"},
    [EJECT_LOST] = {"lost-by-hedge", "half"},
    [EJECT_RESET_UNASKED] = {"reset-unasked", "strike"},
    [EJECT_RESET_ASKED] = {"reset-asked", "half"},
    [EJECT_ACCEPTED] = {"accepted", "forgive"},
    [EJECT_SERVED] = {"served", "clear"},
    [EJECT_BARRED] = {"barred", "nothing"},
    [EJECT_LACKED] = {"lacked", "nothing"},
    [EJECT_PROBE_ACCEPTED] = {"probe-accepted", "forgive"},
    [EJECT_PROBE_FAILED] = {"probe-failed", "back-off"},
    [EJECT_CHECKS_FELL] = {"checks-fell", "close"},
    [EJECT_CHECKS_ROSE] = {"checks-rose", "open"},
    [EJECT_DRAINED] = {"drained", "close"},
    [EJECT_UNDRAINED] = {"undrained", "open"},
};

static const char *const verdicts[] = {
    [EJECT_NOTHING] = "nothing", [EJECT_HALF] = "half",         [EJECT_STRIKE] = "strike",
    [EJECT_CLEAR] = "clear",     [EJECT_FORGIVE] = "forgive",   [EJECT_CLOSE] = "close",
    [EJECT_OPEN] = "open",       [EJECT_BACK_OFF] = "back-off",
};

START_TEST(each_event_has_its_verdict)
{
    for (int event = 0; event < EJECT_EVENTS; event++) {
        ck_assert_str_eq(eject_event_name((enum eject_event)event), rows[event].event);
        ck_assert_str_eq(verdicts[eject_verdict((enum eject_event)event)], rows[event].verdict);
    }
}
END_TEST

/* Automake says where the sources are; run by hand from the build directory, they are above it. */
static char *read_architecture(void)
{
    char path[4096];
    const char *source = getenv("srcdir");
    snprintf(path, sizeof path, "%s/ARCHITECTURE.md", source ? source : "..");
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "cannot read %s", path);
    char *text = calloc(1, 100000);
    size_t length = fread(text, 1, 99999, file);
    ck_assert_uint_lt(length, 99999);
    fclose(file);
    return text;
}

START_TEST(the_document_has_the_same_table)
{
    char *text = read_architecture();
    for (int event = 0; event < EJECT_EVENTS; event++) {
        char row[100];
        snprintf(row, sizeof row, "\n| %s | %s |", rows[event].event, rows[event].verdict);
        ck_assert_msg(strstr(text, row) != NULL, "ARCHITECTURE.md has no row %s", row + 1);
    }
    free(text);
}
END_TEST

/* --- strikes -----------------------------------------------------------------------------------
 */

START_TEST(one_failure_ejects_by_default)
{
    static const enum eject_event events[] = {EJECT_REFUSED, EJECT_UNREACHABLE, EJECT_TIMED_OUT};
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        struct eject_result result = eject_note(one, events[i], clock_now(), &options, set);
        ck_assert_int_eq(result.turn, EJECT_LEAVES);
        ck_assert(result.failed);
        ck_assert(eject_is_out(one));
        ck_assert_int_eq(atomic_load(&one->failed_at), clock_now());
        ck_assert_int_eq(note(events[i]), EJECT_STAYS);
        clock_advance(1);
        ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_RETURNS);
        ck_assert(!eject_is_out(one));
        ck_assert_int_eq(eject_probe_at(one), 0);
        ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_STAYS);
        clock_advance(1);
    }
}
END_TEST

START_TEST(so_many_in_a_row_eject)
{
    options.eject_failures = 3;
    for (int round = 0; round < 5; round++) {
        ck_assert_int_eq(note(EJECT_REFUSED), EJECT_STAYS);
        ck_assert_int_eq(note(EJECT_TIMED_OUT), EJECT_STAYS);
        ck_assert_int_eq(note(EJECT_ACCEPTED), EJECT_STAYS); /* begins anew */
    }
    ck_assert_int_eq(note(EJECT_REFUSED), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_UNREACHABLE), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_TIMED_OUT), EJECT_LEAVES);
}
END_TEST

START_TEST(two_hedges_lost_in_a_row_are_a_failure)
{
    struct eject_result result = eject_note(one, EJECT_LOST, clock_now(), &options, set);
    ck_assert(!result.failed);
    ck_assert_int_eq(result.turn, EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_ACCEPTED), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_LOST), EJECT_STAYS); /* not in a row */
    result = eject_note(one, EJECT_LOST, clock_now(), &options, set);
    ck_assert(result.failed);
    ck_assert_int_eq(result.turn, EJECT_LEAVES);
}
END_TEST

START_TEST(early_resets)
{
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(note(EJECT_ACCEPTED), EJECT_STAYS);
        ck_assert_int_eq(note(EJECT_RESET_ASKED), EJECT_STAYS); /* the client's fault, maybe */
        ck_assert_int_eq(note(EJECT_SERVED), EJECT_STAYS);
    }
    ck_assert_int_eq(note(EJECT_RESET_ASKED), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_ACCEPTED), EJECT_STAYS); /* that it accepts says nothing here */
    struct eject_result result = eject_note(one, EJECT_RESET_ASKED, clock_now(), &options, set);
    ck_assert_int_eq(result.turn, EJECT_LEAVES);
    ck_assert(!result.failed); /* it was no failed connect */
    clock_advance(1);
    ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_RETURNS);
    ck_assert_int_eq(note(EJECT_RESET_UNASKED), EJECT_LEAVES);
}
END_TEST

START_TEST(early_resets_spare_the_last_one)
{
    set->endpoints[1]->ejected = set->endpoints[2]->ejected = EJECTED_BY_CHECKS;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(note(EJECT_RESET_UNASKED), EJECT_STAYS);
    atomic_store(&set->endpoints[2]->ejected, 0);
    ck_assert_int_eq(note(EJECT_RESET_UNASKED), EJECT_LEAVES);
    clock_advance(1);
    note(EJECT_PROBE_ACCEPTED);
    atomic_store(&set->endpoints[2]->ejected, EJECTED_BY_STRIKES);
    ck_assert_int_eq(note(EJECT_REFUSED), EJECT_LEAVES); /* this one spares nobody */
}
END_TEST

START_TEST(faults_of_this_host_change_nothing)
{
    for (int i = 0; i < 100; i++) {
        struct eject_result barred = eject_note(one, EJECT_BARRED, clock_now(), &options, set);
        struct eject_result lacked = eject_note(one, EJECT_LACKED, clock_now(), &options, set);
        ck_assert(!barred.failed && barred.turn == EJECT_STAYS);
        ck_assert(!lacked.failed && lacked.turn == EJECT_STAYS);
    }
    ck_assert_int_eq(atomic_load(&one->failed_at), 0);
    ck_assert_uint_eq(atomic_load(&one->strikes[0]) + atomic_load(&one->strikes[1]), 0);
}
END_TEST

START_TEST(off_ejects_nobody)
{
    options.eject_failures = 0;
    for (int i = 0; i < 100; i++) {
        struct eject_result result = eject_note(one, EJECT_REFUSED, clock_now(), &options, set);
        ck_assert(result.failed && result.turn == EJECT_STAYS);
    }
}
END_TEST

/* --- out and back ------------------------------------------------------------------------------
 */

START_TEST(a_clients_success_brings_it_back)
{
    usec_t before = clock_now();
    clock_advance(SEC);
    ck_assert_int_eq(note(EJECT_TIMED_OUT), EJECT_LEAVES);
    clock_advance(SEC);
    /* That connect began when the endpoint was in still: the ejection knows better. */
    ck_assert_int_eq(eject_note(one, EJECT_ACCEPTED, before, &options, set).turn, EJECT_STAYS);
    ck_assert(eject_is_out(one));
    ck_assert_int_eq(note(EJECT_ACCEPTED), EJECT_RETURNS);
    /* And this one failed before it was back. */
    struct eject_result late =
        eject_note(one, EJECT_TIMED_OUT, clock_now() - 2 * SEC, &options, set);
    ck_assert_int_eq(late.turn, EJECT_STAYS);
    ck_assert(late.failed);
    ck_assert_int_eq(note(EJECT_TIMED_OUT), EJECT_LEAVES);
}
END_TEST

static void ck_wait(usec_t full)
{
    ck_assert_int_le(wait_for_probe(), full);
    ck_assert_int_ge(wait_for_probe(), full * 8 / 10);
}

START_TEST(back_off_doubles)
{
    static const usec_t full[] = {2, 4, 8, 16, 32, 60, 60, 60};
    ck_assert_int_eq(note(EJECT_REFUSED), EJECT_LEAVES);
    for (size_t i = 0; i < COUNT_OF(full); i++) {
        ck_wait(full[i] * SEC);
        clock_advance(wait_for_probe());
        ck_assert_int_eq(note(EJECT_PROBE_FAILED), EJECT_STAYS);
    }
    ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_RETURNS);
    clock_advance(1);
    ck_assert_int_eq(note(EJECT_REFUSED), EJECT_LEAVES); /* no better than it was */
    ck_wait(60 * SEC);
}
END_TEST

START_TEST(back_off_is_forgotten)
{
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(note(EJECT_REFUSED), EJECT_LEAVES);
        ck_wait((2 << i) * SEC);
        clock_advance(wait_for_probe());
        ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_RETURNS);
        clock_advance(59 * SEC);
    }
    clock_advance(SEC); /* well for `max` */
    ck_assert_int_eq(note(EJECT_REFUSED), EJECT_LEAVES);
    ck_wait(2 * SEC);
}
END_TEST

START_TEST(probes_of_one_that_is_in_say_nothing)
{
    ck_assert_int_eq(note(EJECT_PROBE_FAILED), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_STAYS);
    ck_assert_int_eq(eject_probe_at(one), 0);
    ck_assert_uint_eq(atomic_load(&one->ejections), 0);
}
END_TEST

START_TEST(checks_count_for_themselves)
{
    ck_assert_int_eq(note(EJECT_CHECKS_FELL), EJECT_LEAVES);
    ck_assert_int_eq(eject_probe_at(one), 0);
    ck_assert_int_eq(note(EJECT_ACCEPTED), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_REFUSED), EJECT_CHANGES); /* now for two reasons */
    ck_assert_int_ne(eject_probe_at(one), 0);
    clock_advance(1);
    ck_assert_int_eq(note(EJECT_CHECKS_ROSE), EJECT_STAYS);
    ck_assert(eject_is_out(one));
    ck_assert_int_eq(note(EJECT_CHECKS_FELL), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_CHANGES);
    ck_assert(eject_is_out(one));
    ck_assert_int_eq(note(EJECT_CHECKS_ROSE), EJECT_RETURNS);
    ck_assert(!eject_is_out(one));
    ck_assert_int_eq(note(EJECT_CHECKS_ROSE), EJECT_STAYS);
}
END_TEST

START_TEST(the_operator_counts_for_himself)
{
    ck_assert_int_eq(note(EJECT_DRAINED), EJECT_LEAVES);
    ck_assert(eject_is_out(one) && eject_is_drained(one));
    ck_assert_str_eq(eject_reason(one), "drained");
    ck_assert_int_eq(eject_probe_at(one), 0); /* redial does not look whether it is back */
    ck_assert_int_eq(note(EJECT_DRAINED), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_ACCEPTED), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_CHECKS_FELL), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_CHECKS_ROSE), EJECT_STAYS);
    ck_assert_int_eq(note(EJECT_UNDRAINED), EJECT_RETURNS);
    ck_assert(!eject_is_out(one) && !eject_is_drained(one));
    ck_assert_int_eq(note(EJECT_UNDRAINED), EJECT_STAYS);
}
END_TEST

/* --- threads --------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;
static _Atomic unsigned left, returned;

static void count_turn(enum eject_event event)
{
    enum eject_turn turn = note(event);
    atomic_fetch_add(&left, turn == EJECT_LEAVES);
    atomic_fetch_add(&returned, turn == EJECT_RETURNS);
}

static void *turn_together(void *arg)
{
    for (int round = 0; round < 3000; round++) {
        pthread_barrier_wait(&barrier);
        count_turn(EJECT_REFUSED);
        pthread_barrier_wait(&barrier);
        count_turn(arg ? EJECT_ACCEPTED : EJECT_PROBE_ACCEPTED);
    }
    return NULL;
}

static void run_threads(void *(*run)(void *arg))
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run, i == 0 ? NULL : one);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
}

/* It is kept when the endpoint is back, until something else ejects it; what finds it out already
 * changes nothing. */
START_TEST(the_last_reason_is_kept)
{
    ck_assert_ptr_null(eject_reason(one));
    note(EJECT_TIMED_OUT);
    ck_assert_str_eq(eject_reason(one), "timed-out");
    note(EJECT_REFUSED);
    note(EJECT_PROBE_FAILED);
    ck_assert_str_eq(eject_reason(one), "timed-out");
    clock_advance(SEC);
    ck_assert_int_eq(note(EJECT_PROBE_ACCEPTED), EJECT_RETURNS);
    ck_assert_str_eq(eject_reason(one), "timed-out");
    note(EJECT_CHECKS_FELL);
    ck_assert_str_eq(eject_reason(one), "checks-fell");
    note(EJECT_CHECKS_ROSE);
    ck_assert_str_eq(eject_reason(one), "checks-fell");
    clock_advance(SEC);
    note(EJECT_REFUSED);
    ck_assert_str_eq(eject_reason(one), "refused");
    ck_assert_ptr_null(eject_reason(set->endpoints[1]));
}
END_TEST

START_TEST(one_thread_ejects_and_one_brings_back)
{
    run_threads(turn_together);
    ck_assert_uint_eq(atomic_load(&left), 3000);
    ck_assert_uint_eq(atomic_load(&returned), 3000);
    ck_assert(!eject_is_out(one));
}
END_TEST

static _Atomic unsigned stuck;

/* A few findings of each thread meet, and then all rest, and one looks. */
static void *turn_at_random(void *arg)
{
    for (int round = 0; round < 20000; round++) {
        for (int i = 0; i < 4; i++)
            count_turn((enum eject_event)random_below(EJECT_EVENTS));
        pthread_barrier_wait(&barrier);
        bool struck = atomic_load(&one->ejected) & EJECTED_BY_STRIKES;
        if (!arg && struck && eject_probe_at(one) == 0)
            atomic_fetch_add(&stuck, 1);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

/* Whatever meets: turns alternate, and one that is out is going to be probed or checked. */
START_TEST(nothing_is_left_out_for_good)
{
    run_threads(turn_at_random);
    ck_assert_uint_eq(atomic_load(&stuck), 0);
    ck_assert_uint_eq(atomic_load(&left), atomic_load(&returned) + eject_is_out(one));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, each_event_has_its_verdict);
    tcase_add_test(cases, the_document_has_the_same_table);
    tcase_add_test(cases, one_failure_ejects_by_default);
    tcase_add_test(cases, so_many_in_a_row_eject);
    tcase_add_test(cases, two_hedges_lost_in_a_row_are_a_failure);
    tcase_add_test(cases, early_resets);
    tcase_add_test(cases, early_resets_spare_the_last_one);
    tcase_add_test(cases, faults_of_this_host_change_nothing);
    tcase_add_test(cases, off_ejects_nobody);
    tcase_add_test(cases, a_clients_success_brings_it_back);
    tcase_add_test(cases, back_off_doubles);
    tcase_add_test(cases, back_off_is_forgotten);
    tcase_add_test(cases, probes_of_one_that_is_in_say_nothing);
    tcase_add_test(cases, checks_count_for_themselves);
    tcase_add_test(cases, the_operator_counts_for_himself);
    tcase_add_test(cases, the_last_reason_is_kept);
    tcase_add_test(cases, one_thread_ejects_and_one_brings_back);
    tcase_add_test(cases, nothing_is_left_out_for_good);
}

int main(void)
{
    return suite_run("proxy/eject", add);
}
