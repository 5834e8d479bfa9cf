/* Good configurations: which source says what, and who wins. */
#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "suite.h"

#define GOOD "[upstream]\nlisten = 127.0.0.1:3001\ntarget = name.internal:3000\n"

/* What argv holds is not const, and never written to. */
#define WORD(text) ((char *)(text))

static struct errors errors;

static void setup(void)
{
    files_clear();
}

static void teardown(void)
{
    errors_clear(&errors);
}

static struct config *load(const struct config_sources *sources)
{
    struct config *config = config_load(sources, &errors);
    ck_assert_msg(config != NULL, "%s", errors.count ? errors.lines[0] : "no error");
    ck_assert_uint_eq(errors.count, 0);
    return config;
}

static struct config *load_directory(void)
{
    return load(&(struct config_sources){.path = "."});
}

static const struct upstream_options *upstream_named(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->upstream_count; i++)
        if (strcmp(config->upstreams[i].name, name) == 0)
            return &config->upstreams[i].options;
    ck_abort_msg("no upstream %s", name);
    return NULL;
}

START_TEST(the_command_line_alone)
{
    char *upstreams[] = {WORD("127.0.0.1:3001=name.internal:3000,10.0.0.1:80"),
                         WORD("[::1]:3002=b:1"), WORD("3003=c:2")};
    struct config *config = load(
        &(struct config_sources){.upstreams = upstreams, .upstream_count = COUNT_OF(upstreams)});
    ck_assert_uint_eq(config->upstream_count, 3);
    ck_assert_str_eq(config->upstreams[0].name, "127.0.0.1:3001");
    ck_assert_uint_eq(config->upstreams[0].options.target_count, 2);
    ck_assert_str_eq(config->upstreams[0].options.targets[0].name, "name.internal");
    ck_assert_int_eq(config->upstreams[0].options.targets[1].kind, TARGET_ADDRESS);
    ck_assert_str_eq(config->upstreams[1].name, "[::1]:3002");
    ck_assert_uint_eq(config->upstreams[2].options.listen_count, 2);
    ck_assert_int_eq(config->upstreams[0].options.deadline, 10 * USEC_PER_SEC);
    ck_assert_int_eq(config->global.stop_timeout, 30 * USEC_PER_SEC);
    ck_assert_int_eq(config->global.stop_mode, STOP_DRAIN);
    config_unref(config);
}
END_TEST

/* The last equals sign parts LISTEN from TARGET. */
START_TEST(unix_sockets_of_the_command_line)
{
    char *upstreams[] = {WORD("unix:/run/a.sock=name:1"),
                         WORD("unix:/run/b.sock mode=0666 user=0=name:2")};
    struct config *config = load(
        &(struct config_sources){.upstreams = upstreams, .upstream_count = COUNT_OF(upstreams)});
    const struct upstream_options *first = upstream_named(config, "unix:/run/a.sock");
    ck_assert_str_eq(first->listens[0].path, "/run/a.sock");
    ck_assert_uint_eq(first->allowed_count, 0); /* its permissions decide */
    const struct upstream_options *second = upstream_named(config, "unix:/run/b.sock");
    ck_assert_uint_eq(second->listens[0].mode, 0666);
    ck_assert_uint_eq(second->listens[0].user, 0);
    ck_assert_uint_eq(second->targets[0].port, 2);
    config_unref(config);
}
END_TEST

/* Where it is bound nobody knows yet, so allow is not demanded; without it only loopback may come.
 */
START_TEST(sockets_that_systemd_hands_over)
{
    char *upstreams[] = {WORD("systemd:web=name:1"), WORD("systemd:a=b=name:2")};
    struct config *config = load(
        &(struct config_sources){.upstreams = upstreams, .upstream_count = COUNT_OF(upstreams)});
    ck_assert_str_eq(upstream_named(config, "systemd:web")->listens[0].name, "web");
    ck_assert_uint_eq(upstream_named(config, "systemd:web")->allowed_count, 0);
    ck_assert_str_eq(config->upstreams[1].options.listens[0].name, "a=b");
    config_unref(config);
}
END_TEST

START_TEST(the_environment_alone)
{
    struct config *config = load(&(struct config_sources){
        .environment_upstreams = "  127.0.0.1:1=a:1\n\t127.0.0.1:2=b:2 ",
        .environment_set = " connect.timeout=1s  dns.min-ttl=2s\tredial.threads=3\n"});
    ck_assert_uint_eq(config->upstream_count, 2);
    ck_assert_int_eq(config->upstreams[1].options.connect_timeout, USEC_PER_SEC);
    ck_assert_int_eq(config->upstreams[1].options.min_ttl, 2 * USEC_PER_SEC);
    ck_assert_int_eq(config->global.threads, 3);
    config_unref(config);
}
END_TEST

START_TEST(the_command_line_and_the_environment_add_up)
{
    char *upstreams[] = {WORD("127.0.0.1:1=a:1")};
    struct config *config = load(&(struct config_sources){
        .upstreams = upstreams, .upstream_count = 1, .environment_upstreams = "127.0.0.1:2=b:2"});
    ck_assert_uint_eq(config->upstream_count, 2);
    config_unref(config);
}
END_TEST

START_TEST(files_make_upstreams_by_their_names)
{
    files_write("redial.conf", "[redial]\nthreads = 2\naccess-log = on\n");
    files_write("upstreams.d/b.conf", "[upstream]\nlisten = 127.0.0.1:2\nlisten = [::1]:2\n"
                                      "target = b:1\ntarget = b2:1, b3:1\n");
    files_write("upstreams.d/a-1_x.y.conf", GOOD);
    files_write("upstreams.d/.hidden.conf", "nonsense");
    files_write("upstreams.d/README", "nonsense");
    files_write("upstreams.d/old.conf.bak", "nonsense");
    files_write("upstreams.d/.conf", "nonsense");
    struct config *config = load_directory();
    ck_assert_uint_eq(config->upstream_count, 2);
    ck_assert_str_eq(config->upstreams[0].name, "a-1_x.y"); /* in the order of their names */
    ck_assert_str_eq(config->upstreams[1].name, "b");
    ck_assert_uint_eq(upstream_named(config, "b")->listen_count, 2);
    ck_assert_uint_eq(upstream_named(config, "b")->target_count, 3);
    ck_assert_int_eq(config->global.threads, 2);
    ck_assert_int_eq(config->global.access_log, 1);
    config_unref(config);
}
END_TEST

START_TEST(redial_conf_is_optional_in_a_directory)
{
    files_write("upstreams.d/a.conf", GOOD);
    config_unref(load_directory());
}
END_TEST

START_TEST(it_may_be_empty_where_that_is_allowed)
{
    files_write("redial.conf", "[redial]\nthreads = 2\n");
    struct config *config = load(&(struct config_sources){.path = ".", .allow_empty = true});
    ck_assert_uint_eq(config->upstream_count, 0);
    ck_assert_int_eq(config->global.threads, 2);
    config_unref(config);
}
END_TEST

START_TEST(paths_with_slashes_and_the_file_itself)
{
    static const char *const paths[] = {
        "etc", "etc/", "etc///", "./etc/.", "etc/redial.conf", "etc/other.conf"};
    files_write("etc/redial.conf", "[redial]\nthreads = 2\n");
    files_write("etc/other.conf", "[redial]\nthreads = 2\n");
    files_write("etc/upstreams.d/a.conf", GOOD);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct config *config = load(&(struct config_sources){.path = paths[i]});
        ck_assert_uint_eq(config->upstream_count, 1);
        ck_assert_int_eq(config->global.threads, 2);
        config_unref(config);
    }
}
END_TEST

START_TEST(a_file_in_the_working_directory)
{
    files_write("redial.conf", "[redial]\nthreads = 2\n");
    files_write("upstreams.d/a.conf", GOOD);
    config_unref(load(&(struct config_sources){.path = "redial.conf"}));
}
END_TEST

/* default < redial.conf < file < REDIAL_SET < -o, each level tested against the one below. */
START_TEST(the_stronger_source_wins)
{
    char *overrides[] = {WORD("connect.timeout=5s")};
    struct config_sources sources = {.path = "."};
    struct config *config;
    files_write("upstreams.d/a.conf", GOOD);
    config = load(&sources);
    ck_assert_int_eq(upstream_named(config, "a")->connect_timeout, 2 * USEC_PER_SEC);
    config_unref(config);
    files_write("redial.conf", "[connect]\ntimeout = 1s\n");
    config = load(&sources);
    ck_assert_int_eq(upstream_named(config, "a")->connect_timeout, 1 * USEC_PER_SEC);
    config_unref(config);
    files_write("upstreams.d/a.conf", GOOD "[connect]\ntimeout = 3s\n");
    files_write("upstreams.d/b.conf", "[upstream]\nlisten = 4000\ntarget = b:1\n");
    config = load(&sources);
    ck_assert_int_eq(upstream_named(config, "a")->connect_timeout, 3 * USEC_PER_SEC);
    ck_assert_int_eq(upstream_named(config, "b")->connect_timeout, 1 * USEC_PER_SEC);
    config_unref(config);
    sources.environment_set = "connect.timeout=4s";
    config = load(&sources);
    ck_assert_int_eq(upstream_named(config, "a")->connect_timeout, 4 * USEC_PER_SEC);
    ck_assert_int_eq(upstream_named(config, "b")->connect_timeout, 4 * USEC_PER_SEC);
    config_unref(config);
    sources.overrides = overrides;
    sources.override_count = 1;
    config = load(&sources);
    ck_assert_int_eq(upstream_named(config, "a")->connect_timeout, 5 * USEC_PER_SEC);
    config_unref(config);
}
END_TEST

START_TEST(the_last_override_of_a_key_wins)
{
    char *overrides[] = {WORD("connect.timeout=5s"), WORD("redial.threads=1"),
                         WORD("connect.timeout=6s"), WORD("redial.threads=auto")};
    struct config *config =
        load(&(struct config_sources){.environment_upstreams = "1=a:1",
                                      .environment_set = "redial.threads=7 redial.threads=8",
                                      .overrides = overrides,
                                      .override_count = COUNT_OF(overrides)});
    ck_assert_int_eq(config->upstreams[0].options.connect_timeout, 6 * USEC_PER_SEC);
    ck_assert_int_eq(config->global.threads, 0);
    config_unref(config);
}
END_TEST

static void ck_allowed(const char *name, const struct config *config, size_t count)
{
    ck_assert_uint_eq(upstream_named(config, name)->allowed_count, count);
}

START_TEST(a_file_replaces_the_lists_of_redial_conf)
{
    files_write("redial.conf", "[upstream]\nallow = 10.0.0.0/8\nallow = 172.16.0.0/12, ::1\n");
    files_write("upstreams.d/a.conf", GOOD "allow = 192.168.0.0/16\nallow = 127.0.0.0/8\n");
    files_write("upstreams.d/b.conf", "[upstream]\nlisten = 0.0.0.0:4000\ntarget = b:1\n");
    struct config *config = load_directory();
    ck_allowed("a", config, 2);
    ck_allowed("b", config, 3);
    config_unref(config);
    config = load(&(struct config_sources){.path = ".", .environment_set = "upstream.allow=::/0"});
    ck_allowed("a", config, 1);
    ck_allowed("b", config, 1);
    config_unref(config);
}
END_TEST

START_TEST(an_option_appends_to_its_own_list)
{
    char *overrides[] = {WORD("redial.resolver=10.0.0.2"), WORD("redial.resolver=10.0.0.3")};
    files_write("redial.conf", "[redial]\nresolver = 10.9.9.9\n");
    files_write("upstreams.d/a.conf", GOOD);
    struct config *config =
        load(&(struct config_sources){.path = ".", .overrides = overrides, .override_count = 2});
    ck_assert_uint_eq(config->global.resolver_count, 2); /* -r is repeatable */
    config_unref(config);
}
END_TEST

/* "A source that names a list replaces it", and -o is stronger than REDIAL_SET. */
START_TEST(an_option_replaces_the_lists_of_redial_set)
{
    char *overrides[] = {WORD("redial.resolver=10.0.0.2"), WORD("upstream.allow=10.0.0.0/8")};
    struct config *config = load(&(struct config_sources){
        .environment_upstreams = "1=a:1",
        .environment_set = "redial.resolver=10.9.9.9 upstream.allow=192.168.0.0/16",
        .overrides = overrides,
        .override_count = 2});
    ck_assert_uint_eq(config->global.resolver_count, 1);
    ck_assert_uint_eq(config->upstreams[0].options.allowed_count, 1);
    config_unref(config);
}
END_TEST

START_TEST(a_path_and_the_command_line_add_up)
{
    char *upstreams[] = {WORD("127.0.0.1:1=a:1")};
    files_write("redial.conf", "[connect]\ntimeout = 1s\n");
    files_write("upstreams.d/b.conf", GOOD);
    struct config *config =
        load(&(struct config_sources){.path = ".", .upstreams = upstreams, .upstream_count = 1});
    ck_assert_uint_eq(config->upstream_count, 2);
    ck_assert_int_eq(config->upstreams[0].options.connect_timeout, USEC_PER_SEC);
    config_unref(config);
}
END_TEST

/* redial -c my.conf 127.0.0.1:3001=name:3000: there is an upstream, wherever it was named. */
START_TEST(a_path_may_name_no_upstream_when_the_command_line_does)
{
    char *upstreams[] = {WORD("127.0.0.1:1=a:1")};
    files_write("redial.conf", "[connect]\ntimeout = 1s\n");
    struct config *config =
        load(&(struct config_sources){.path = ".", .upstreams = upstreams, .upstream_count = 1});
    ck_assert_uint_eq(config->upstream_count, 1);
    config_unref(config);
}
END_TEST

START_TEST(without_a_path_files_are_read_only_when_needed)
{
    /* The default path is this machine's: it is not read where an upstream is named. */
    struct config *config = load(&(struct config_sources){.environment_upstreams = "1=a:1"});
    ck_assert_uint_eq(config->upstream_count, 1);
    config_unref(config);
}
END_TEST

static struct config *load_admin(const char *file, const char *set, char *override)
{
    files_write("redial.conf", file);
    files_write("upstreams.d/a.conf", GOOD);
    return load(&(struct config_sources){.path = ".",
                                         .environment_set = set,
                                         .overrides = &override,
                                         .override_count = override != NULL});
}

/* Redial starts without the default one, and not without one that was asked for. */
START_TEST(the_admin_interface)
{
#define FILE_PORT "[redial]\nadmin = 127.0.0.1:1\n"
    static const struct {
        const char *file, *set;
        char *override;
        size_t count;
        bool optional;
    } rows[] = {
        {"", NULL, NULL, 1, true},
        {"[redial]\nadmin = unix:/run/redial/admin.sock\n", NULL, NULL, 1, false},
        {"[redial]\nadmin = off\n", NULL, NULL, 0, false},
        {FILE_PORT "admin = unix:/a mode=0600, unix:/b\n", NULL, NULL, 3, false},
        {FILE_PORT "admin = off\n", NULL, NULL, 0, false},
        {FILE_PORT, "redial.admin=off", NULL, 0, false},
        {"[redial]\nadmin = off\n", "redial.admin=unix:/a", NULL, 1, false},
        {"[redial]\nadmin = off\n", "redial.admin=off", WORD("redial.admin=1"), 2, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct config *config = load_admin(rows[i].file, rows[i].set, rows[i].override);
        ck_assert_msg(config->global.admin_count == rows[i].count, "%zu: %zu", i,
                      config->global.admin_count);
        if (rows[i].count > 0)
            ck_assert_int_eq(config->global.admins[0].optional, rows[i].optional);
        config_unref(config);
    }
}
END_TEST

START_TEST(references_keep_it)
{
    struct config *config = load(&(struct config_sources){.environment_upstreams = "1=a:1"});
    ck_assert_ptr_eq(config_ref(config), config);
    config_unref(config);
    ck_assert_str_eq(config->upstreams[0].options.targets[0].name, "a");
    config_unref(config);
    config_unref(NULL);
}
END_TEST

START_TEST(many_upstreams)
{
    char path[64], text[128];
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof path, "upstreams.d/u%03d.conf", i);
        snprintf(text, sizeof text, "[upstream]\nlisten = %d\ntarget = n%d.internal:80\n",
                 10000 + i, i);
        files_write(path, text);
    }
    struct config *config = load_directory();
    ck_assert_uint_eq(config->upstream_count, 500);
    ck_assert_str_eq(upstream_named(config, "u321")->targets[0].name, "n321.internal");
    config_unref(config);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_unchecked_fixture(cases, files_begin, files_end);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_command_line_alone);
    tcase_add_test(cases, unix_sockets_of_the_command_line);
    tcase_add_test(cases, sockets_that_systemd_hands_over);
    tcase_add_test(cases, the_environment_alone);
    tcase_add_test(cases, the_command_line_and_the_environment_add_up);
    tcase_add_test(cases, files_make_upstreams_by_their_names);
    tcase_add_test(cases, redial_conf_is_optional_in_a_directory);
    tcase_add_test(cases, it_may_be_empty_where_that_is_allowed);
    tcase_add_test(cases, paths_with_slashes_and_the_file_itself);
    tcase_add_test(cases, a_file_in_the_working_directory);
    tcase_add_test(cases, the_stronger_source_wins);
    tcase_add_test(cases, the_last_override_of_a_key_wins);
    tcase_add_test(cases, a_file_replaces_the_lists_of_redial_conf);
    tcase_add_test(cases, an_option_appends_to_its_own_list);
    tcase_add_test(cases, an_option_replaces_the_lists_of_redial_set);
    tcase_add_test(cases, a_path_and_the_command_line_add_up);
    tcase_add_test(cases, a_path_may_name_no_upstream_when_the_command_line_does);
    tcase_add_test(cases, without_a_path_files_are_read_only_when_needed);
    tcase_add_test(cases, the_admin_interface);
    tcase_add_test(cases, references_keep_it);
    tcase_add_test(cases, many_upstreams);
}

int main(void)
{
    return suite_run("config/load", add);
}
