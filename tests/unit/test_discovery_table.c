/* The table of what each event does: carried out, and quoted word by word by the documents; and
 * what the journal says of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "change_rig.h"
#include "discovery/membership.h"
#include "suite.h"

#define SECOND USEC_PER_SEC

static const struct membership_rules rules = {.hold = 30 * SECOND, .sample_size = 8};
static struct membership membership;

static void teardown(void)
{
    membership_clear(&membership);
}

static char *read_document(const char *name)
{
    char path[512];
    const char *srcdir = getenv("srcdir");
    size_t size = 0;
    char *text = NULL;
    snprintf(path, sizeof path, "%s/%s", srcdir ? srcdir : ".", name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s cannot be read: set srcdir", path);
    ck_assert_int_gt(getdelim(&text, &size, '\0', file), 0);
    fclose(file);
    return text;
}

START_TEST(architecture_quotes_it)
{
    char *text = read_document("ARCHITECTURE.md");
    for (size_t i = 0; i < MEMBERSHIP_EVENTS; i++) {
        const struct membership_row *row = &membership_table[i];
        char line[512];
        snprintf(line, sizeof line, "\n| %s | %s | %s |\n", row->event, row->verdict_name,
                 row->effect);
        ck_assert_msg(strstr(text, line) != NULL, "ARCHITECTURE.md lacks:%s", line);
    }
    free(text);
}
END_TEST

/* The text without what mdoc(7) and the quotation marks of the table add, words apart by one blank.
 */
static void plain(const char *from, char *to)
{
    bool blank = true, macro = false;
    for (const char *at = from; *at; at++) {
        if (*at == '.' && (at == from || at[-1] == '\n') && at[1] >= 'A' && at[1] <= 'Z')
            macro = true;
        if (macro) {
            macro = *at != ' ' && *at != '\n';
            continue;
        }
        if (*at == '`')
            continue;
        if (*at == ' ' || *at == '\n') {
            if (!blank)
                *to++ = ' ';
            blank = true;
        } else {
            *to++ = *at;
            blank = false;
        }
    }
    *to = '\0';
}

START_TEST(the_manual_quotes_it)
{
    char *page = read_document("man/redial.conf.5"), *text = malloc(strlen(page) + 1);
    plain(page, text);
    for (size_t i = 0; i < MEMBERSHIP_EVENTS; i++) {
        const struct membership_row *row = &membership_table[i];
        char line[512], wanted[512];
        snprintf(line, sizeof line, "%s %s : %s", row->event, row->verdict_name, row->effect);
        plain(line, wanted);
        ck_assert_msg(strstr(text, wanted) != NULL, "redial.conf.5 lacks: %s", wanted);
    }
    free(page);
    free(text);
}
END_TEST

/* --- records of SRV
 * --------------------------------------------------------------------------------- */

static char targets[300][16];

static struct record nth_record(unsigned n)
{
    sprintf(targets[n], "t%03u.test", n);
    return (struct record){.type = DNS_TYPE_SRV,
                           .target = targets[n],
                           .port = 80,
                           .priority = 1,
                           .weight = (uint16_t)n};
}

static struct answer naming(struct record *buffer, unsigned from, unsigned to)
{
    struct answer answer = {.outcome = ANSWER_RECORDS, .ttl = 1, .records = buffer};
    for (unsigned n = from; n < to; n++)
        buffer[answer.count++] = nth_record(n);
    return answer;
}

static enum membership_event take(unsigned from, unsigned to, usec_t now)
{
    struct record buffer[300];
    struct answer answer = naming(buffer, from, to);
    return membership_take(&membership, &rules, &answer, now);
}

static enum membership_event take_outcome(enum answer_outcome outcome, usec_t now)
{
    struct answer answer = {.outcome = outcome, .ttl = ANSWER_TTL_UNKNOWN};
    return membership_take(&membership, &rules, &answer, now);
}

static enum change last_change(unsigned n)
{
    struct record record = nth_record(n);
    return change_of(&membership, &record).change;
}

START_TEST(each_way_in_and_out_has_its_reason)
{
    struct record gone = nth_record(1);
    take(0, 4, 1 * SECOND);
    ck_assert_int_eq(last_change(0), CHANGE_ADDED);
    ck_assert_int_eq(take(2, 6, 2 * SECOND), EVENT_WHOLE);
    ck_assert_int_eq(last_change(0), CHANGE_GONE_ABSENT);
    ck_assert_int_eq(take(2, 3, 3 * SECOND), EVENT_SHRINK);
    ck_assert_int_eq(last_change(3), CHANGE_SUSPECT);
    take(2, 4, 4 * SECOND);
    ck_assert_int_eq(last_change(3), CHANGE_CLEARED);
    ck_assert_int_eq(last_change(4), CHANGE_GONE_CONFIRMED);
    ck_assert_int_eq(take_outcome(ANSWER_NO_SERVICE, 5 * SECOND), EVENT_NO_SERVICE);
    ck_assert_int_eq(last_change(2), CHANGE_HELD);
    gone = nth_record(2);
    ck_assert(membership_connect_failed(&membership, &gone, 6 * SECOND));
    ck_assert_int_eq(last_change(2), CHANGE_GONE_FAILED);
    take_outcome(ANSWER_NXDOMAIN, 35 * SECOND);
    ck_assert_int_eq(last_change(3), CHANGE_GONE_HOLD_ENDED);
    ck_assert_uint_eq(membership.count, 0);
}
END_TEST

START_TEST(priority_and_weight_follow_the_answer)
{
    struct record record = nth_record(0);
    struct answer answer = {.outcome = ANSWER_RECORDS, .records = &record, .count = 1};
    membership_take(&membership, &rules, &answer, 1);
    record.priority = 7;
    record.weight = 9;
    membership_take(&membership, &rules, &answer, 2);
    ck_assert_uint_eq(membership.count, 1);
    ck_assert_uint_eq(membership.members[0].record.priority, 7);
    ck_assert_uint_eq(membership.members[0].record.weight, 9);
    record.port = 81; /* another endpoint */
    membership_take(&membership, &rules, &answer, 3);
    ck_assert_ptr_nonnull(membership_find(&membership, &record));
}
END_TEST

/* --- samples out of a cache
 * --------------------------------------------------------------------------- */

static struct answer draw(struct record *buffer, unsigned *pool, unsigned total, uint32_t ttl)
{
    struct answer answer = {.outcome = ANSWER_RECORDS, .ttl = ttl, .records = buffer};
    for (unsigned i = 0; i < 8; i++) {
        unsigned j = i + random_below(total - i), swapped = pool[i];
        pool[i] = pool[j];
        pool[j] = swapped;
        buffer[answer.count++] = nth_record(pool[i]);
    }
    answer_sort(&answer);
    return answer;
}

/* A zone behind a cache that is asked once a second and says the same for ten: it loses nobody, as
 * a zone that is asked when the TTL is over loses nobody. Returns whether one was lost. */
static bool run_loses_one(unsigned total)
{
    struct record buffer[8];
    unsigned pool[200];
    bool lost = false;
    size_t most = 0;
    for (unsigned n = 0; n < total; n++)
        pool[n] = n;
    struct answer cached = {0};
    for (uint32_t t = 0; t < 1000 && !lost; t++) {
        if (t % 10 == 0)
            cached = draw(buffer, pool, total, 10);
        cached.ttl = 10 - t % 10;
        membership_take(&membership, &rules, &cached, (t + 1) * SECOND);
        lost = membership.count < most;
        most = membership.count;
    }
    membership_clear(&membership);
    return lost;
}

START_TEST(a_cached_sample_counts_once)
{
    int lost = 0;
    random_seed(20261125);
    for (int run = 0; run < 300; run++)
        lost += run_loses_one(9 + random_below(191));
    ck_assert_int_lt(lost, 3);
}
END_TEST

START_TEST(the_same_sample_after_its_ttl_counts)
{
    take(0, 9, 1 * SECOND); /* TTL 1 s */
    unsigned limit = 0;
    for (usec_t t = 2; t < 100 && membership.count == 9; t++) {
        take(0, 8, t * SECOND);
        limit++;
    }
    ck_assert_uint_eq(membership.count, 8);
    ck_assert_uint_eq(limit, membership_miss_limit(8, 9));
    ck_assert_int_eq(last_change(8), CHANGE_GONE_MISSED);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, architecture_quotes_it);
    tcase_add_test(cases, the_manual_quotes_it);
    tcase_add_test(cases, each_way_in_and_out_has_its_reason);
    tcase_add_test(cases, priority_and_weight_follow_the_answer);
    tcase_add_test(cases, a_cached_sample_counts_once);
    tcase_add_test(cases, the_same_sample_after_its_ttl_counts);
}

int main(void)
{
    return suite_run("discovery/table", add);
}
