#include "daemon/known.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/eject.h"
#include "suite.h"

static struct address at(const char *text)
{
    struct address address;
    const char *why;
    ck_assert_int_eq(address_parse(text, &address, &why), 0);
    return address;
}

static struct known *read_text(const char *text)
{
    struct known *known;
    int fd = memfd_create("text", MFD_CLOEXEC);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(known_read(fd, &known), 0);
    close(fd);
    return known;
}

/* Tiers, weights, both families: what is written is what is read. */
START_TEST(there_and_back)
{
    struct place places[] = {
        {at("10.0.0.1:80"), 0, 3}, {at("[fd00::1]:80"), 0, 1}, {at("10.0.0.2:81"), 1, 1}};
    size_t count = places_settle(places, COUNT_OF(places));
    struct endpoint_set *set = endpoint_set_new(NULL, places, count);
    struct endpoint_set *none = endpoint_set_new(NULL, NULL, 0);
    struct target targets[] = {{.kind = TARGET_ADDRESS, .address = at("10.0.0.1:80")},
                               {.kind = TARGET_ADDRESS, .address = at("10.0.0.2:80")}};
    struct upstream_config empty = {.name = (char *)"empty"}, two = {.name = (char *)"two words"};
    two.options.targets = targets;
    two.options.target_count = 2;
    const struct known_entry entries[] = {{&empty, none}, {&two, set}};
    const struct address *drained;
    atomic_store(&set->endpoints[1]->ejected, EJECTED_BY_OPERATOR | EJECTED_BY_STRIKES);
    atomic_store(&set->endpoints[2]->ejected, EJECTED_BY_STRIKES);
    struct known *known;
    int fd = known_write(entries, COUNT_OF(entries));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(known_read(fd, &known), 0);
    struct endpoint_set *again = known_set(known, "two words");
    ck_assert_ptr_nonnull(again);
    ck_assert(endpoint_set_is(again, places, count));
    ck_assert_uint_eq(known_drained(known, "two words", &drained), 1);
    ck_assert(address_equal(drained, &set->endpoints[1]->address));
    ck_assert_uint_eq(known_drained(known, "empty", &drained), 0);
    ck_assert_uint_eq(known_drained(NULL, "empty", &drained), 0);
    ck_assert_ptr_null(known_set(known, "empty")); /* nobody is worth nothing */
    ck_assert_ptr_null(known_set(known, "two"));
    ck_assert_ptr_null(known_set(NULL, "two words"));
    ck_assert(known_is_same(known, &two));
    two.options.target_count = 1;
    ck_assert(!known_is_same(known, &two));
    ck_assert(!known_is_same(NULL, &two));
    endpoint_set_unref(again);
    endpoint_set_unref(set);
    endpoint_set_unref(none);
    known_free(known);
    known_free(NULL);
    close(fd);
}
END_TEST

/* Whatever else is in there adds nothing and harms nothing. */
START_TEST(rubbish_is_passed_over)
{
    struct known *known = read_text("0 1 10.0.0.9:80\n" /* of no upstream */
                                    "upstream a\n"
                                    "\n\n0 1\n0 1 nonsense\n-1 1 10.0.0.1:80\n"
                                    "0 70000 10.0.0.1:80\n9999999 1 10.0.0.1:80\n"
                                    "0 1 0.0.0.0:80\n0 1 224.0.0.1:80\n0 1 10.0.0.1:0\n"
                                    "0 1 10.0.0.1:80 and more\n0 1 10.0.0.1:80\n"
                                    "upstream b\n0 1 10.0.0.2:80");
    struct endpoint_set *a = known_set(known, "a"), *b = known_set(known, "b");
    ck_assert_uint_eq(a->count, 1); /* once, though it stands there twice */
    struct address good = at("10.0.0.1:80");
    ck_assert(address_equal(&a->endpoints[0]->address, &good));
    ck_assert_uint_eq(b->count, 1);
    endpoint_set_unref(a);
    endpoint_set_unref(b);
    known_free(known);
    char line[2000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\0';
    known = read_text(line);
    ck_assert_ptr_null(known_set(known, "x"));
    known_free(known);
}
END_TEST

/* Beside weights of 0, which share what a 1 gets, the others are greater than DNS can say. */
START_TEST(great_weights)
{
    struct place places[] = {
        {at("10.0.0.1:80"), 0, 0}, {at("10.0.0.2:80"), 0, 0}, {at("10.0.0.3:80"), 0, 60000}};
    struct endpoint_set *set = endpoint_set_new(NULL, places, COUNT_OF(places));
    struct upstream_config config = {.name = (char *)"a"};
    const struct known_entry entry = {&config, set};
    struct known *known;
    ck_assert_uint_gt(set->weights[2], UINT16_MAX);
    int fd = known_write(&entry, 1);
    ck_assert_int_eq(known_read(fd, &known), 0);
    struct endpoint_set *again = known_set(known, "a");
    ck_assert_uint_eq(again->count, 3);
    ck_assert_uint_eq(again->weights[0], 1);
    ck_assert_uint_eq(again->weights[2], UINT16_MAX);
    endpoint_set_unref(again);
    endpoint_set_unref(set);
    known_free(known);
    close(fd);
}
END_TEST

/* Somebody else's, by chance of the same name: it might never say anything. */
START_TEST(no_file_is_not_waited_for)
{
    struct known *known = NULL;
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(known_read(ends[0], &known), -ESPIPE);
    ck_assert_ptr_null(known);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, there_and_back);
    tcase_add_test(cases, great_weights);
    tcase_add_test(cases, no_file_is_not_waited_for);
    tcase_add_test(cases, rubbish_is_passed_over);
}

int main(void)
{
    return suite_run("daemon/known", add);
}
