#include "config/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/compare.h"
#include "config/load.h"
#include "files.h"
#include "suite.h"

static struct config *load(const char *path)
{
    struct errors errors = {0};
    struct config *config = config_load(&(struct config_sources){.path = path}, &errors);
    ck_assert_msg(config != NULL, "%s", errors.count > 0 ? errors.lines[0] : "no error told");
    return config;
}

/* Writes each of the files that the text holds behind its "# NAME" line. */
static void write_files(char *text)
{
    char *at = text;
    while (at && *at) {
        char name[64], path[80];
        ck_assert_int_eq(sscanf(at, "# %63s", name), 1);
        char *next = strstr(at, "\n\n# upstreams.d/");
        if (next)
            *next = '\0';
        snprintf(path, sizeof path, "again/%s", name);
        files_write(path, at);
        at = next ? next + 2 : NULL;
    }
}

static void ck_same(const struct config *a, const struct config *b)
{
    ck_assert_uint_eq(a->upstream_count, b->upstream_count);
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        if (option->scope == OPTION_GLOBAL)
            ck_assert_msg(option_equal(option, &a->global, &b->global), "%s", option->key);
        for (size_t j = 0; option->scope == OPTION_UPSTREAM && j < a->upstream_count; j++)
            ck_assert_msg(option_equal(option, &a->upstreams[j].options, &b->upstreams[j].options),
                          "[%s] %s", option->section, option->key);
    }
}

/* What is written is read as the same, with every kind of value in it. */
START_TEST(there_and_back)
{
    char *text = NULL;
    size_t size = 0;
    files_write("one/redial.conf", "[redial]\nthreads = 3\nresolver = 10.0.0.2, [fd00::53]:5353\n"
                                   "admin = unix:/run/x/admin.sock mode=0600\nlog-format = json\n"
                                   "dns-budget = 100/s\nstop-mode = linger\n");
    files_write("one/upstreams.d/a.conf",
                "[upstream]\nlisten = 127.0.0.1:3001, unix:/run/x/a.sock mode=0640 user=0\n"
                "listen = systemd:a\ntarget = a.internal.:80, srv:_http._tcp.b.internal, "
                "10.0.0.7:81, [fd00::7]:82\nbalance = random-two\nallow = 127.0.0.0/8, ::1/128\n"
                "[connect]\nhedge-after = adaptive\nsource = 10.0.0.1, fd00::1\ntimeout = 1500ms\n"
                "[session]\nremoved = drain 90s\nidle-timeout = off\nproxy-protocol = v2\n"
                "[zone]\nprefer = 10.0.0.0/16\n");
    files_write("one/upstreams.d/b.conf", "[upstream]\nlisten = 3002\ntarget = b.internal:1\n");
    struct config *config = load("one");
    FILE *out = open_memstream(&text, &size);
    config_dump(config, out);
    fclose(out);
    write_files(text);
    struct config *again = load("again");
    ck_same(config, again);
    config_unref(config);
    config_unref(again);
    free(text);
}
END_TEST

/* Each value that differs is seen. */
START_TEST(differences_are_seen)
{
    static const struct {
        const char *section, *key, *one, *other;
    } rows[] = {
        {"upstream", "listen", "127.0.0.1:1", "127.0.0.1:2"},
        {"upstream", "listen", "unix:/a mode=0600", "unix:/a mode=0660"},
        {"upstream", "listen", "systemd:a", "systemd:b"},
        {"upstream", "target", "a.test:1", "a.test.:1"},
        {"upstream", "target", "a.test:1", "a.test:1, a.test:2"},
        {"upstream", "allow", "10.0.0.0/8", "10.0.0.0/9"},
        {"dns", "hold", "30s", "31s"},
        {"connect", "source", "10.0.0.1", "10.0.0.2"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct config_option *option = option_find(rows[i].section, rows[i].key);
        struct upstream_options one = {0}, same = {0}, other = {0};
        char why[256];
        ck_assert_int_eq(option_set(option, &one, rows[i].one, why, sizeof why), 0);
        ck_assert_int_eq(option_set(option, &same, rows[i].one, why, sizeof why), 0);
        ck_assert_int_eq(option_set(option, &other, rows[i].other, why, sizeof why), 0);
        ck_assert(option_equal(option, &one, &same));
        ck_assert_msg(!option_equal(option, &one, &other), "%s: %s", rows[i].key, rows[i].other);
        option_free_all(OPTION_UPSTREAM, &one);
        option_free_all(OPTION_UPSTREAM, &same);
        option_free_all(OPTION_UPSTREAM, &other);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_unchecked_fixture(cases, files_begin, files_end);
    tcase_add_checked_fixture(cases, files_clear, NULL);
    tcase_add_test(cases, there_and_back);
    tcase_add_test(cases, differences_are_seen);
}

int main(void)
{
    return suite_run("config/dump", add);
}
