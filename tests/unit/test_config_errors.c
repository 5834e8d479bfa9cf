/* Bad configurations: every error of every source, in one go, each at its place. */
#include "config/load.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "suite.h"

#define GOOD "[upstream]\nlisten = 127.0.0.1:3001\ntarget = name.internal:3000\n"
#define A "./upstreams.d/a.conf"
#define B "./upstreams.d/b.conf"

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

static void refuse(const struct config_sources *sources)
{
    errors_clear(&errors);
    struct config *config = config_load(sources, &errors);
    ck_assert_msg(config == NULL, "it was taken");
    ck_assert_uint_gt(errors.count, 0);
}

static void refuse_directory(void)
{
    refuse(&(struct config_sources){.path = "."});
}

static bool has_error(const char *begin, const char *part)
{
    for (size_t i = 0; i < errors.count; i++)
        if (strncmp(errors.lines[i], begin, strlen(begin)) == 0 && strstr(errors.lines[i], part))
            return true;
    return false;
}

static void ck_error(const char *begin, const char *part)
{
    ck_assert_msg(has_error(begin, part), "no \"%s … %s\"; the first is: %s", begin, part,
                  errors.lines[0]);
}

START_TEST(each_kind_of_error_at_its_line)
{
    static const struct {
        const char *text, *begin, *part;
    } rows[] = {
        {GOOD "lisen = 1\n", A ":4: ", "unknown key lisen in [upstream]: did you mean listen?"},
        {GOOD "frobnicate = 1\n", A ":4: ", "unknown key frobnicate in [upstream]"},
        {GOOD "min-ttl = 1s\n", A ":4: ", "belongs in [dns]"},
        {GOOD "[conect]\ntimeout = 1s\n", A ":",
         "unknown section [conect]: did you mean [connect]?"},
        {GOOD "[frobnicate]\na = b\n", A ":", "unknown section [frobnicate]"},
        {GOOD "[Connect]\ntimeout = 1s\n", A ":", "did you mean [connect]?"},
        {GOOD "[connect]\ntimeout = 5\n", A ":5: ", "duration"},
        {GOOD "[connect]\ntimeout = 0\n", A ":5: ", "from 1ms to 1h"},
        {GOOD "[connect]\ntimeout = 2h\n", A ":5: ", "from 1ms to 1h"},
        {GOOD "[connect]\ntimeout = 99999999999999999999h\n", A ":5: ", "from 1ms to 1h"},
        {GOOD "[connect]\ntimeout = 1s\ntimeout = 2s\n",
         A ":6: ", "set twice: the first time in line 5"},
        {GOOD "balance = leastconn\n", A ":4: ", "round-robin least-connections random-two"},
        {GOOD "max-connections = 0\n", A ":4: ", "number from 1"},
        {GOOD "listen = 127.0.0.1:0\n", A ":4: ", "1 to 65535"},
        {GOOD "listen = 127.0.0.1:65536\n", A ":4: ", "1 to 65535"},
        {GOOD "listen = fe80::1:80\n", A ":4: ", "brackets"},
        {GOOD "[dns]\nresolver = 1.2.3.4:53:53\n", A ":5: ", "more than one port"},
        {GOOD "[dns]\nresolver = 0.0.0.0\n", A ":5: ", "unspecified"},
        {GOOD "[dns]\nresolver = 10.0.0.2, 224.0.0.1:53\n", A ":5: ", "multicast"},
        {GOOD "[dns]\nresolver = [::]:53\n", A ":5: ", "unspecified"},
        {GOOD "[dns]\nresolver = ::ffff:255.255.255.255\n", A ":5: ", "broadcast"},
        {GOOD "target = ::1:80\n", A ":4: ", "brackets"},
        {GOOD "target = name\n", A ":4: ", "port is missing"},
        {GOOD "allow = 10.0.0.1/8\n", A ":4: ", "behind its prefix"},
        {GOOD "[session]\nidle-timeout = 5\n", A ":5: ", "nor off"},
        {GOOD "[redial]\nthreads = 2\n", A ":5: ", "belongs in redial.conf"},
        {GOOD "word\n", A ":4: ", "expected key = value"},
        {"[upstream]\ntarget = a:1\n", A ": ", "listen is missing"},
        {"[upstream]\nlisten = 1\n", A ": ", "target is missing"},
        {"", A ": ", "listen is missing"},
        {"", A ": ", "target is missing"},
        {GOOD "[dns]\nmin-ttl = 2s\nmax-ttl = 1s\n", A, "min-ttl is greater than max-ttl"},
        {GOOD "[eject]\nbase = 2s\nmax = 1s\n", A, "[eject] base is greater than max"},
        {"listen = 1\n" GOOD, A ":1: ", "before the first [section]"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        files_write("upstreams.d/a.conf", rows[i].text);
        refuse_directory();
        ck_error(rows[i].begin, rows[i].part);
    }
}
END_TEST

START_TEST(every_error_of_every_source_in_one_go)
{
    char *upstreams[] = {WORD("127.0.0.1=name:1"), WORD("nonsense")};
    char *overrides[] = {WORD("conect.timeout=1s"), WORD("connect.timeout=1"), WORD("x")};
    files_write("redial.conf", "[redial]\nthreds = 2\nlog-level = loud\n[upstream]\nlisten = 1\n");
    files_write("upstreams.d/a.conf", "[upstream]\nlisten = 99999\ntarget = x\nbalance = y\n");
    files_write("upstreams.d/b.conf", "[upstream]\ntarget = a:1\n[dns]\nfamily = ipv5\n");
    files_write("upstreams.d/c.conf", "");
    refuse(&(struct config_sources){.path = ".",
                                    .upstreams = upstreams,
                                    .upstream_count = 2,
                                    .overrides = overrides,
                                    .override_count = 3,
                                    .environment_upstreams = "3=srv:a.b oops",
                                    .environment_set = "dns.min-ttl=1us"});
    ck_error("command line: ", "listen = 127.0.0.1: a port is missing");
    ck_error("command line: ", "\"nonsense\" is not LISTEN=TARGET");
    ck_error("command line: ", "unknown section [conect]: did you mean [connect]?");
    ck_error("command line: ", "timeout = 1: ");
    ck_error("command line: ", "\"x\" is not SECTION.KEY=VALUE");
    ck_error("REDIAL_UPSTREAMS: ", "begins with service and protocol");
    ck_error("REDIAL_UPSTREAMS: ", "\"oops\" is not LISTEN=TARGET");
    ck_error("REDIAL_SET: ", "min-ttl = 1us: ");
    ck_error("./redial.conf:2: ", "did you mean threads?");
    ck_error("./redial.conf:3: ", "error warning info debug");
    ck_error("./redial.conf:5: ", "belongs in upstreams.d/NAME.conf");
    ck_error(A ":2: ", "1 to 65535");
    ck_error(A ":3: ", "port is missing");
    ck_error(A ":4: ", "balance = y");
    ck_error(B ":4: ", "family = ipv5");
    ck_error("./upstreams.d/c.conf: ", "listen is missing");
    ck_error("./upstreams.d/c.conf: ", "target is missing");
    ck_assert_uint_eq(errors.count, 17);
}
END_TEST

START_TEST(a_listen_address_is_taken_once)
{
    files_write("upstreams.d/a.conf", GOOD);
    files_write("upstreams.d/b.conf", "[upstream]\ntarget = b:1\n\nlisten = 127.0.0.1:3001\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 1);
    ck_error(B ":4: ", "127.0.0.1:3001 is taken already, by " A ":2");
    files_write("upstreams.d/b.conf", "[upstream]\ntarget = b:1\nlisten = 3001\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 1); /* the bare port is told once */
    ck_error(B ":3: ", "by " A ":2");
    files_write("upstreams.d/a.conf", GOOD "listen = [::1]:3001\nlisten = 127.0.0.1:3001\n");
    files_write("upstreams.d/b.conf", "[upstream]\ntarget = b:1\nlisten = 4\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 1);
    ck_error(A ":5: ", "by " A ":2");
    files_write("upstreams.d/a.conf", GOOD "listen = unix:/x, unix:/y\nlisten = unix:/x user=0\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 1);
    ck_error(A ":5: ", "listen address unix:/x is taken already, by " A ":4");
    files_write("upstreams.d/a.conf", GOOD "listen = systemd:web, systemd:db\n");
    files_write("upstreams.d/b.conf", "[upstream]\ntarget = b:1\nlisten = systemd:web\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 1);
    ck_error(B ":3: ", "listen address systemd:web is taken already, by " A ":4");
}
END_TEST

START_TEST(a_listen_address_is_taken_once_across_sources)
{
    char *upstreams[] = {WORD("127.0.0.1:3001=a:1"), WORD("127.0.0.1:3002=a:1")};
    files_write("upstreams.d/a.conf", GOOD);
    refuse(&(struct config_sources){.path = ".",
                                    .upstreams = upstreams,
                                    .upstream_count = 2,
                                    .environment_upstreams = "3002=x:1"});
    ck_assert_uint_eq(errors.count, 2);
    ck_error("REDIAL_UPSTREAMS: ", "127.0.0.1:3002 is taken already, by the command line");
    ck_error(A ":2: ", "127.0.0.1:3001 is taken already, by the command line");
}
END_TEST

START_TEST(an_unspecified_address_takes_the_port)
{
    static const char *const pairs[][2] = {{"127.0.0.1:3001", "0.0.0.0:3001"},
                                           {"0.0.0.0:3001", "127.0.0.1:3001"},
                                           {"[::]:3001", "[::1]:3001"},
                                           {"[::]:3001", "3001"}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        char text[200];
        snprintf(text, sizeof text, "[upstream]\nlisten = %s\ntarget = a:1\nallow = ::/0\n",
                 pairs[i][0]);
        files_write("upstreams.d/a.conf", text);
        snprintf(text, sizeof text, "[upstream]\nlisten = %s\ntarget = b:1\nallow = ::/0\n",
                 pairs[i][1]);
        files_write("upstreams.d/b.conf", text);
        refuse_directory();
        ck_assert_uint_eq(errors.count, 1);
        ck_error(B ":2: ", "by " A ":2");
    }
}
END_TEST

/* Only what counts in the end is in the way: not what a stronger source has replaced. */
START_TEST(the_admin_interface_has_its_own_addresses)
{
    char *off = WORD("redial.admin=off"), *port = WORD("redial.admin=3001");
    files_write("upstreams.d/a.conf", GOOD);
    files_write("redial.conf", "[redial]\nadmin = 3001\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 1);
    ck_error(A ":2: ", "listen address 127.0.0.1:3001 is that of the admin interface");
    errors_clear(&errors);
    struct config *config = config_load(
        &(struct config_sources){.path = ".", .overrides = &off, .override_count = 1}, &errors);
    ck_assert_ptr_nonnull(config);
    config_unref(config);
    files_write("redial.conf", "");
    refuse(&(struct config_sources){.path = ".", .overrides = &port, .override_count = 1});
    ck_error(A ":2: ", "is that of the admin interface");
    files_write("upstreams.d/a.conf",
                "[upstream]\nlisten = unix:/run/redial/admin.sock\ntarget = a:1\n");
    refuse_directory(); /* the default counts too */
    ck_error(A ":2: ", "listen address unix:/run/redial/admin.sock is that of the admin interface");
    files_write("upstreams.d/a.conf",
                "[upstream]\nlisten = 0.0.0.0:9\nallow = 10.0.0.0/8\ntarget = a:1\n");
    files_write("redial.conf", "[redial]\nadmin = 127.0.0.1:9\n");
    refuse_directory();
    ck_error(A ":2: ", "listen address 127.0.0.1:9 is that of the admin interface");
}
END_TEST

START_TEST(an_admin_address_is_named_once)
{
    files_write("upstreams.d/a.conf", GOOD);
    files_write("redial.conf",
                "[redial]\nadmin = unix:/a, 9\nadmin = [::1]:9, unix:/a mode=0600\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 2);
    ck_error("./redial.conf:3: ", "admin address [::1]:9 is named twice");
    ck_error("./redial.conf:3: ", "admin address unix:/a is named twice");
    files_write("redial.conf", "[redial]\nadmin = 10.0.0.1:9\n");
    refuse_directory();
    ck_error("./redial.conf:2: ", "admin = 10.0.0.1:9: the admin interface listens on");
}
END_TEST

START_TEST(a_target_is_no_listen_address_of_ours)
{
    files_write("upstreams.d/a.conf", GOOD "target = 127.0.0.1:4000\n");
    files_write("upstreams.d/b.conf", "[upstream]\nlisten = 4000\ntarget = b:1\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 1);
    ck_error(A ":", "127.0.0.1:4000 is redial's own listen address");
}
END_TEST

START_TEST(pipes_and_dangling_links)
{
    mkdir("upstreams.d", 0777);
    ck_assert_int_eq(mkfifo("upstreams.d/a.conf", 0600), 0); /* nobody writes: no waiting for it */
    refuse_directory();
    ck_error(A ": ", "pipe");
    files_clear();
    ck_assert_int_eq(symlink("/nowhere", "redial.conf"), 0);
    files_write("upstreams.d/a.conf", GOOD);
    refuse_directory();
    ck_error("./redial.conf: ", "No such file");
}
END_TEST

/* What an error quotes cannot break its line nor steer a terminal. */
START_TEST(errors_hold_no_control_bytes)
{
    char *words[] = {WORD("a\x1b[31m=b\nc"), WORD("\x7f\t=\r")};
    refuse(&(struct config_sources){.upstreams = words, .upstream_count = 2});
    for (size_t i = 0; i < errors.count; i++)
        for (const char *at = errors.lines[i]; *at; at++)
            ck_assert(*at >= ' ' && *at != 0x7f);
}
END_TEST

START_TEST(an_unknown_section_is_told_once)
{
    files_write("upstreams.d/a.conf", GOOD "[bogus]\na = 1\nb = 2\nc = 3\n");
    refuse_directory();
    ck_assert_uint_eq(errors.count, 1);
}
END_TEST

START_TEST(an_unknown_section_without_keys_is_told)
{
    files_write("upstreams.d/a.conf", GOOD "[bogus]\n");
    refuse_directory();
    ck_error(A ":4: ", "unknown section [bogus]");
}
END_TEST

START_TEST(other_hosts_need_allow)
{
    static const char *const texts[] = {"0.0.0.0:80", "[::]:80", "10.1.2.3:80", "[fd00::1]:80"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char text[200];
        snprintf(text, sizeof text, "[upstream]\nlisten = %s\ntarget = a:1\n", texts[i]);
        files_write("upstreams.d/a.conf", text);
        refuse_directory();
        ck_assert_uint_eq(errors.count, 1);
        ck_error(A ":2: ", "allow = 10.0.0.0/8");
    }
}
END_TEST

START_TEST(other_hosts_are_told_at_their_line)
{
    files_write("upstreams.d/a.conf", GOOD "listen = 0.0.0.0:80\n");
    refuse_directory();
    ck_error(A ":4: ", "0.0.0.0:80 can be reached from other hosts");
}
END_TEST

START_TEST(no_upstream_at_all)
{
    refuse_directory();
    ck_error("./upstreams.d: ", "there is no such directory");
    mkdir("upstreams.d", 0777);
    refuse_directory();
    ck_error("./upstreams.d: ", "there is no upstream");
    files_write("redial.conf", "[redial]\nthreads = 2\n");
    refuse_directory();
    ck_error("./upstreams.d: ", "there is no upstream");
    ck_assert_uint_eq(errors.count, 1);
}
END_TEST

/* As a service that was just installed: but files there must be. */
START_TEST(no_configuration_is_an_error_even_if_it_may_be_empty)
{
    refuse(&(struct config_sources){.path = "nowhere", .allow_empty = true});
    ck_error("nowhere: ", "No such file or directory");
    files_write("redial.conf", "[redial]\nthreds = 2\n");
    refuse(&(struct config_sources){.path = ".", .allow_empty = true});
    ck_error("./redial.conf:2: ", "did you mean threads?");
    ck_assert_uint_eq(errors.count, 1);
}
END_TEST

START_TEST(no_upstream_is_told_beside_other_errors)
{
    files_write("redial.conf", "[redial]\nthreds = 2\n");
    refuse_directory();
    ck_error("./redial.conf:2: ", "did you mean threads?");
    ck_error("./upstreams.d: ", "there is no such directory");
    ck_assert_uint_eq(errors.count, 2);
    mkdir("upstreams.d", 0777);
    refuse_directory();
    ck_error("./redial.conf:2: ", "did you mean threads?");
    ck_error("./upstreams.d: ", "there is no upstream");
}
END_TEST

START_TEST(paths_that_lead_nowhere)
{
    refuse(&(struct config_sources){.path = "nowhere"});
    ck_error("nowhere: ", "No such file or directory");
    refuse(&(struct config_sources){.path = "nowhere/redial.conf"});
    ck_error("nowhere/redial.conf: ", "No such file or directory");
    refuse(&(struct config_sources){.path = ""});
    ck_error("command line: ", "the path of -c is empty");
    refuse(&(struct config_sources){.path = "/dev/null"});
    ck_error("/dev/null: ", "device");
    ck_assert_uint_eq(errors.count, 1);
    if (access(CONFIG_DEFAULT_PATH, F_OK) < 0) {
        refuse(&(struct config_sources){0});
        ck_error(CONFIG_DEFAULT_PATH ": ", "give LISTEN=TARGET");
        refuse(&(struct config_sources){.environment_upstreams = "", .environment_set = " "});
        ck_error(CONFIG_DEFAULT_PATH ": ", "give LISTEN=TARGET");
    }
}
END_TEST

/* Who gives the file of one upstream is told what to give, and nothing else. */
START_TEST(paths_that_lead_too_deep)
{
    static const struct {
        const char *path, *part;
    } rows[] = {
        {"upstreams.d/a.conf", ": -c ."},   {"./upstreams.d/a.conf", ": -c ."},
        {"d/upstreams.d/a.conf", ": -c d"}, {"d/upstreams.d", ": -c d"},
        {"d/upstreams.d//", ": -c d"},
    };
    files_write("upstreams.d/a.conf", GOOD);
    files_write("d/upstreams.d/a.conf", GOOD);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        refuse(&(struct config_sources){.path = rows[i].path});
        ck_error(rows[i].path, rows[i].part);
        ck_assert_uint_eq(errors.count, 1);
    }
    files_write("upstreams.d/upstreams.d/a.conf", "");
    refuse(&(struct config_sources){.path = "upstreams.d"});
    ck_error("upstreams.d/upstreams.d/a.conf: ", "listen is missing");
}
END_TEST

START_TEST(directories_and_devices_in_place_of_files)
{
    mkdir("redial.conf", 0777);
    mkdir("upstreams.d", 0777);
    mkdir("upstreams.d/a.conf", 0777);
    ck_assert_int_eq(symlink("/dev/zero", "upstreams.d/b.conf"), 0);
    ck_assert_int_eq(symlink("/nowhere", "upstreams.d/c.conf"), 0);
    refuse_directory();
    ck_error("./redial.conf: ", "directory");
    ck_error(A ": ", "directory");
    ck_error(B ": ", "device");
    ck_error("./upstreams.d/c.conf: ", "No such file");
    ck_assert_uint_eq(errors.count, 4);
    files_clear();
    files_write("upstreams.d", "a file");
    refuse_directory();
    ck_error("./upstreams.d: ", "Not a directory");
    ck_assert_uint_eq(errors.count, 1);
}
END_TEST

/* As another user, whom only the permissions concern. */
static bool refuse_as_nobody(const char *path)
{
    if (getuid() == 0 && seteuid(65534) < 0)
        return false; /* nobody cannot be had: root reads everything */
    refuse(&(struct config_sources){.path = path});
    ck_assert_int_eq(seteuid(getuid()), 0);
    return true;
}

START_TEST(an_unreadable_file)
{
    files_write("upstreams.d/a.conf", GOOD);
    ck_assert_int_eq(chmod("upstreams.d/a.conf", 0), 0);
    ck_assert_int_eq(chmod(".", 0755), 0);
    if (refuse_as_nobody("."))
        ck_error(A ": ", "Permission denied");
}
END_TEST

START_TEST(unreadable_directories)
{
    files_write("upstreams.d/a.conf", GOOD);
    files_write("d/redial.conf", "");
    ck_assert_int_eq(chmod("upstreams.d", 0), 0);
    ck_assert_int_eq(chmod("d", 0), 0);
    ck_assert_int_eq(chmod(".", 0755), 0);
    if (refuse_as_nobody(".")) {
        ck_error("./upstreams.d: ", "it cannot be read: Permission denied");
        ck_assert_uint_eq(errors.count, 1);
    }
    if (refuse_as_nobody("d/redial.conf")) {
        ck_error("d/redial.conf: ", "it cannot be read: Permission denied");
        ck_assert_uint_eq(errors.count, 1);
    }
    ck_assert_int_eq(chmod("upstreams.d", 0700), 0);
    ck_assert_int_eq(chmod("d", 0700), 0);
}
END_TEST

START_TEST(binary_and_huge_files)
{
    char *long_line = malloc(1u << 20);
    memset(long_line, 'x', 1u << 20);
    files_write_bytes("upstreams.d/a.conf",
                      "[upstream]\n\x7f"
                      "ELF\0\1\2\3\nlisten = 1\n",
                      30);
    files_write_bytes("upstreams.d/b.conf", long_line, 1u << 20);
    files_write("upstreams.d/c.conf", GOOD);
    ck_assert_int_eq(truncate("upstreams.d/c.conf", (off_t)16 * 1024 * 1024 + 1), 0);
    refuse_directory();
    ck_error(A ":2: ", "not text");
    ck_error(B ":1: ", "1048576 bytes");
    ck_error("./upstreams.d/c.conf: ", "larger than 16 MiB");
    ck_assert_uint_eq(errors.count, 3);
    for (size_t i = 0; i < errors.count; i++)
        ck_assert_uint_lt(strlen(errors.lines[i]), 300);
    free(long_line);
}
END_TEST

START_TEST(names_of_files)
{
    static const char *const bad[] = {"a b", "a=b", "gr\xc3\xbcn", "a\nb", "a:b"};
    char path[200];
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        files_clear();
        snprintf(path, sizeof path, "upstreams.d/%s.conf", bad[i]);
        files_write(path, GOOD);
        refuse_directory();
        ck_error("./upstreams.d/", "rename the file");
    }
    files_clear();
    snprintf(path, sizeof path, "upstreams.d/%065d.conf", 0);
    files_write(path, GOOD);
    refuse_directory();
    ck_error("./upstreams.d/", "1 to 64");
}
END_TEST

START_TEST(overrides_that_are_none)
{
    static const char *const bad[] = {
        "",
        "=",
        ".",
        ".=",
        "connect",
        "connect.timeout",
        "timeout=1s",
        ".timeout=1s",
        "connect.=1s",
        "connect.timeout=",
        "=connect.timeout",
        "connect=a.b",
        "upstream.listen=1",
        "upstream.target=a:1",
        "a.b.c=d",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char *override = strdup(bad[i]);
        refuse(&(struct config_sources){
            .environment_upstreams = "1=a:1", .overrides = &override, .override_count = 1});
        ck_assert_uint_eq(errors.count, 1);
        ck_error("command line: ", "");
        free(override);
    }
}
END_TEST

START_TEST(arguments_that_are_none)
{
    static const char *const bad[] = {"", "=", "1=", "=a:1", "1", "name:80", "1=a", "x=a:1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char *argument = strdup(bad[i]);
        refuse(&(struct config_sources){.upstreams = &argument, .upstream_count = 1});
        ck_assert_uint_eq(errors.count, 1);
        ck_error("command line: ", "");
        free(argument);
    }
}
END_TEST

/* An error is whole when the value is not: long values are cut in it. */
START_TEST(errors_stay_short)
{
    char *argument = malloc(100000);
    memset(argument, '1', 99999);
    argument[99999] = '\0';
    refuse(&(struct config_sources){.upstreams = &argument, .upstream_count = 1});
    ck_assert_uint_lt(strlen(errors.lines[0]), 300);
    argument[50000] = '=';
    refuse(&(struct config_sources){.upstreams = &argument, .upstream_count = 1});
    for (size_t i = 0; i < errors.count; i++)
        ck_assert_uint_lt(strlen(errors.lines[i]), 300);
    free(argument);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_unchecked_fixture(cases, files_begin, files_end);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, each_kind_of_error_at_its_line);
    tcase_add_test(cases, every_error_of_every_source_in_one_go);
    tcase_add_test(cases, a_listen_address_is_taken_once);
    tcase_add_test(cases, a_listen_address_is_taken_once_across_sources);
    tcase_add_test(cases, an_unspecified_address_takes_the_port);
    tcase_add_test(cases, the_admin_interface_has_its_own_addresses);
    tcase_add_test(cases, an_admin_address_is_named_once);
    tcase_add_test(cases, a_target_is_no_listen_address_of_ours);
    tcase_add_test(cases, pipes_and_dangling_links);
    tcase_add_test(cases, errors_hold_no_control_bytes);
    tcase_add_test(cases, an_unknown_section_is_told_once);
    tcase_add_test(cases, an_unknown_section_without_keys_is_told);
    tcase_add_test(cases, other_hosts_need_allow);
    tcase_add_test(cases, other_hosts_are_told_at_their_line);
    tcase_add_test(cases, no_upstream_at_all);
    tcase_add_test(cases, no_configuration_is_an_error_even_if_it_may_be_empty);
    tcase_add_test(cases, no_upstream_is_told_beside_other_errors);
    tcase_add_test(cases, paths_that_lead_nowhere);
    tcase_add_test(cases, paths_that_lead_too_deep);
    tcase_add_test(cases, directories_and_devices_in_place_of_files);
    tcase_add_test(cases, an_unreadable_file);
    tcase_add_test(cases, unreadable_directories);
    tcase_add_test(cases, binary_and_huge_files);
    tcase_add_test(cases, names_of_files);
    tcase_add_test(cases, overrides_that_are_none);
    tcase_add_test(cases, arguments_that_are_none);
    tcase_add_test(cases, errors_stay_short);
}

int main(void)
{
    return suite_run("config/errors", add);
}
