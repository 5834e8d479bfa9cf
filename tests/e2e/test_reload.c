/* SIGHUP: another configuration for a process that serves. */
#include "bed.h"
#include "tempdir.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A bed whose daemon reads files: "one" listens on the bed's address. */
struct stand {
    struct bed bed;
    struct tempdir *dir;
    char other[32]; /* a second address */
};

static void write_upstream(struct stand *stand, const char *name, const char *listen,
                           const char *target, const char *more)
{
    char file[64];
    snprintf(file, sizeof(file), "upstreams.d/%s.conf", name);
    tempdir_write(stand->dir, file, "[upstream]\nlisten = %s\ntarget = %s\n%s", listen, target,
                  more);
}

static void remove_upstream(struct stand *stand, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/upstreams.d/%s.conf", tempdir_path(stand->dir), name);
    ck_assert_int_eq(unlink(path), 0);
}

static const char *at_port(const struct stand *stand, const char *name)
{
    static char target[4][96];
    static unsigned next;
    char *text = target[next++ % 4];
    snprintf(text, sizeof(target[0]), "%s:%u", name, stand->bed.port);
    return text;
}

static void stand_open(struct stand *stand)
{
    bed_open(&stand->bed);
    stand->dir = tempdir_create();
    snprintf(stand->other, sizeof(stand->other), "127.0.0.1:%u", (unsigned)port_reserve());
    for (int number = 2; number <= 5; number++)
        bed_add(&stand->bed, PEER_IDENTIFY, number);
}

static void stand_run(struct stand *stand, int threads)
{
    bed_run(&stand->bed, "-w %d -c %s", threads, tempdir_path(stand->dir));
}

static void stand_close(struct stand *stand)
{
    bed_close(&stand->bed);
    tempdir_remove(stand->dir);
}

/* The n-th reload: waits for what it came to. */
static void reload(struct stand *stand, const char *words, size_t count)
{
    daemon_signal(stand->bed.daemon, SIGHUP);
    ck_assert_msg(daemon_wait_lines(stand->bed.daemon, words, count, limit_ms(10000)),
                  "no %zu lines: %s", count, words);
}

static int hold(const char *address, const char *want)
{
    char answer[64];
    int fd = client_connect(address, limit_ms(5000));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(client_ask(fd, "who", answer, sizeof(answer), limit_ms(5000)), 0);
    ck_assert_str_eq(answer, want);
    return fd;
}

static void ask_again(int fd, const char *want)
{
    char answer[64];
    ck_assert_int_eq(client_ask(fd, "who", answer, sizeof(answer), limit_ms(5000)), 0);
    ck_assert_str_eq(answer, want);
}

START_TEST(upstreams_come_change_and_go)
{
    struct stand stand;
    char answer[64];
    stand_open(&stand);
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, "127.0.0.2"), "");
    stand_run(&stand, bed_threads[_i]);
    int first = hold(stand.bed.listen, "127.0.0.2");

    /* comes */
    write_upstream(&stand, "two", stand.other, at_port(&stand, "127.0.0.3"), "");
    reload(&stand, "reloaded|generation=2|upstreams=2|added=1|changed=0|dropped=0", 1);
    bed_ask(&stand.bed, stand.other, answer, sizeof(answer));
    ck_assert_str_eq(answer, "127.0.0.3");
    int second = hold(stand.other, "127.0.0.3");

    /* changes */
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, "127.0.0.4"), "");
    reload(&stand, "reloaded|generation=3|upstreams=2|added=0|changed=1|dropped=0", 1);
    bed_expect(&stand.bed, 4);
    ask_again(first, "127.0.0.2");

    /* goes: nobody listens, and who was connected stays so */
    remove_upstream(&stand, "two");
    reload(&stand, "reloaded|generation=4|upstreams=1|added=0|changed=0|dropped=1", 1);
    for (int64_t end = moment_ms() + limit_ms(5000);;) {
        int fd = client_connect(stand.other, limit_ms(5000));
        if (fd == -ECONNREFUSED)
            break;
        if (fd >= 0)
            client_close(fd);
        ck_assert_int_lt(moment_ms(), end);
    }
    ask_again(second, "127.0.0.3");
    client_close(first);
    client_close(second);
    bed_wait_ended(&stand.bed, 4);
    stand_close(&stand);
}
END_TEST

START_TEST(errors_change_nothing)
{
    struct stand stand;
    char words[256];
    stand_open(&stand);
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, "127.0.0.2"), "");
    stand_run(&stand, 2);
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, "127.0.0.3"), "");
    write_upstream(&stand, "two", stand.other, at_port(&stand, "127.0.0.3"), "balance = best\n");
    reload(&stand, "the reload failed: nothing was changed|errors=1|generation=1", 1);
    snprintf(words, sizeof(words), "configuration error|%s/upstreams.d/two.conf:4:|balance",
             tempdir_path(stand.dir));
    ck_assert(daemon_wait_line(stand.bed.daemon, words, limit_ms(1000)));
    bed_expect(&stand.bed, 2);
    ck_assert_int_eq(client_connect(stand.other, limit_ms(5000)), -ECONNREFUSED);

    /* Valid, but another process has the address. */
    struct peer *taken = peer_add_identify(stand.bed.peers, "127.0.0.9", stand.bed.port);
    ck_assert_ptr_nonnull(taken);
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.9:%u", stand.bed.port);
    write_upstream(&stand, "two", stand.other, at_port(&stand, "127.0.0.3"), "");
    write_upstream(&stand, "three", address, at_port(&stand, "127.0.0.3"), "");
    reload(&stand, "the reload failed: nothing was changed", 2);
    ck_assert(daemon_wait_line(stand.bed.daemon, "cannot listen|upstream=three", limit_ms(1000)));
    bed_expect(&stand.bed, 2);
    ck_assert_int_eq(client_connect(stand.other, limit_ms(5000)), -ECONNREFUSED);

    remove_upstream(&stand, "three");
    reload(&stand, "reloaded|generation=2|added=1|changed=1", 1);
    bed_expect(&stand.bed, 3);
    stand_close(&stand);
}
END_TEST

/* The address belongs to another upstream from one client to the next. */
START_TEST(an_address_changes_hands)
{
    struct stand stand;
    stand_open(&stand);
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, "127.0.0.2"), "");
    stand_run(&stand, bed_threads[_i]);
    int first = hold(stand.bed.listen, "127.0.0.2");
    remove_upstream(&stand, "one");
    write_upstream(&stand, "two", stand.bed.listen, at_port(&stand, "127.0.0.3"), "");
    reload(&stand, "reloaded|generation=2|upstreams=1|added=1|changed=0|dropped=1", 1);
    bed_expect(&stand.bed, 3);
    ask_again(first, "127.0.0.2");
    ck_assert_uint_eq(daemon_count_lines(stand.bed.daemon, "listening"), 1);
    client_close(first);
    stand_close(&stand);
}
END_TEST

/* A new target that DNS does not know yet: the endpoints from before serve meanwhile. */
START_TEST(the_old_endpoints_serve_until_the_new_name_is_known)
{
    struct stand stand;
    stand_open(&stand);
    bed_set_name(&stand.bed, "2", 60);
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, BED_NAME), "");
    stand_run(&stand, 2);
    bed_expect(&stand.bed, 2);
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, "later.test"), "");
    reload(&stand, "reloaded|generation=2|changed=1", 1);
    ck_assert(daemon_wait_line(stand.bed.daemon, "dns failed|later.test", limit_ms(5000)));
    for (int i = 0; i < 10; i++)
        bed_expect(&stand.bed, 2);
    dns_script_set(stand.bed.dns, "later.test", DNS_A, "127.0.0.3", 60);
    ck_assert(daemon_wait_line(
        stand.bed.daemon, "endpoints changed|added=127.0.0.3|removed=127.0.0.2", limit_ms(10000)));
    bed_ask_until(&stand.bed, "127.0.0.3", limit_ms(1000));
    stand_close(&stand);
}
END_TEST

/* What is known of an endpoint stays known. */
START_TEST(endpoints_keep_their_history)
{
    struct stand stand;
    stand_open(&stand);
    bed_set_name(&stand.bed, "2,9", 60); /* nobody is at .9 */
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, BED_NAME),
                   "[eject]\nbase = 1h\nmax = 1h\n");
    stand_run(&stand, 2);
    ck_assert(daemon_wait_line(stand.bed.daemon, "endpoints changed|count=2", limit_ms(5000)));
    for (int i = 0; i < 4; i++)
        bed_expect(&stand.bed, 2);
    ck_assert(daemon_wait_line(stand.bed.daemon, "endpoint ejected|127.0.0.9", limit_ms(5000)));
    write_upstream(
        &stand, "one", stand.bed.listen, at_port(&stand, BED_NAME),
        "balance = least-connections\n[eject]\nbase = 1h\nmax = 1h\n[dns]\nhold = 31s\n");
    reload(&stand, "reloaded|generation=2|changed=1", 1);
    for (int i = 0; i < 20; i++)
        bed_expect(&stand.bed, 2);
    bed_wait_ended(&stand.bed, 24);
    ck_assert_uint_eq(daemon_count_lines(stand.bed.daemon, "connection|attempts=2"), 1);
    ck_assert_uint_eq(daemon_count_lines(stand.bed.daemon, "endpoints changed"), 1);
    stand_close(&stand);
}
END_TEST

START_TEST(options_change)
{
    struct stand stand;
    char path[128], listen[256];
    struct stat status;
    stand_open(&stand);
    snprintf(path, sizeof(path), "%s/app.sock", tempdir_path(stand.dir));
    snprintf(listen, sizeof(listen), "%s\nlisten = unix:%s mode=0600", stand.bed.listen, path);
    write_upstream(&stand, "one", listen, at_port(&stand, "127.0.0.2"), "");
    tempdir_write(stand.dir, "redial.conf", "[redial]\nthreads = 2\n");
    bed_run(&stand.bed, "-c %s", tempdir_path(stand.dir));
    int first = hold(stand.bed.listen, "127.0.0.2");

    snprintf(listen, sizeof(listen), "%s\nlisten = unix:%s mode=0666", stand.bed.listen, path);
    write_upstream(&stand, "one", listen, at_port(&stand, "127.0.0.2"),
                   "[session]\nidle-timeout = 100ms\n");
    tempdir_write(stand.dir, "redial.conf", "[redial]\nthreads = 5\nlog-level = debug\n");
    reload(&stand, "reloaded|generation=2|changed=1", 1);
    ck_assert(daemon_wait_line(
        stand.bed.daemon, "takes effect at the next start only|redial.threads", limit_ms(1000)));
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0666);
    ck_assert(daemon_wait_line(stand.bed.daemon, "end=idle", limit_ms(5000))); /* open ones, too */
    client_close(first);

    snprintf(listen, sizeof(listen), "%s", stand.bed.listen);
    write_upstream(&stand, "one", listen, at_port(&stand, "127.0.0.2"), "");
    reload(&stand, "reloaded|generation=3|changed=1", 1);
    ck_assert_int_lt(stat(path, &status), 0); /* its file goes with the address */
    bed_expect(&stand.bed, 2);
    stand_close(&stand);
}
END_TEST

/* Other DNS servers, and another budget, count at once. */
START_TEST(servers_change)
{
    struct stand stand;
    stand_open(&stand);
    struct dns_script *other = dns_script_start(NULL, 0);
    bed_set_name(&stand.bed, "2", 60);
    dns_script_set(other, BED_NAME, DNS_A, "127.0.0.3", 60);
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, BED_NAME), "");
    tempdir_write(stand.dir, "redial.conf", "[redial]\nresolver = %s\n",
                  dns_script_address(stand.bed.dns));
    bed_run_plain(&stand.bed, NULL, 0, "-c %s", tempdir_path(stand.dir));
    ck_assert(daemon_wait_ready(stand.bed.daemon, limit_ms(5000)));
    bed_expect(&stand.bed, 2);
    tempdir_write(stand.dir, "redial.conf", "[redial]\nresolver = %s\ndns-budget = 100/s\n",
                  dns_script_address(other));
    reload(&stand, "reloaded|generation=2", 1);
    ck_assert(
        daemon_wait_line(stand.bed.daemon, "endpoints changed|added=127.0.0.3", limit_ms(5000)));
    bed_ask_until(&stand.bed, "127.0.0.3", limit_ms(1000));
    ck_assert_uint_eq(daemon_count_lines(stand.bed.daemon, "takes effect at the next start"), 0);
    stand_close(&stand);
    dns_script_stop(other);
}
END_TEST

/* While it stops it is no time for that. */
START_TEST(no_reload_while_stopping)
{
    struct stand stand;
    stand_open(&stand);
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, "127.0.0.2"), "");
    stand_run(&stand, 2);
    int first = hold(stand.bed.listen, "127.0.0.2");
    daemon_signal(stand.bed.daemon, SIGTERM);
    ck_assert(daemon_wait_line(stand.bed.daemon, "stopping", limit_ms(5000)));
    reload(&stand, "the reload failed: nothing was changed", 1);
    ask_again(first, "127.0.0.2");
    client_close(first);
    ck_assert_int_eq(daemon_wait_exit(stand.bed.daemon, limit_ms(5000)), 0);
    stand_close(&stand);
}
END_TEST

/* As a service that was just installed. */
START_TEST(it_begins_without_any_upstream)
{
    struct stand stand;
    stand_open(&stand);
    ck_assert_ptr_nonnull(tempdir_mkdir(stand.dir, "upstreams.d"));
    bed_run(&stand.bed, "-w %d --allow-empty -c %s", bed_threads[_i], tempdir_path(stand.dir));
    ck_assert(daemon_wait_line(stand.bed.daemon, "ready|upstreams=0", limit_ms(1000)));
    write_upstream(&stand, "one", stand.bed.listen, at_port(&stand, "127.0.0.2"), "");
    reload(&stand, "reloaded|upstreams=1|added=1", 1);
    bed_expect(&stand.bed, 2);
    remove_upstream(&stand, "one");
    reload(&stand, "reloaded|upstreams=0|dropped=1", 1);
    /* "reloaded" is said when the workers have been told; each closes its socket in its own turn */
    int fd;
    while ((fd = client_connect(stand.bed.listen, limit_ms(5000))) != -ECONNREFUSED) {
        client_close(fd);
    }
    stand_close(&stand);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reload");
    BED_TEST(suite, upstreams_come_change_and_go, BED_THREADS, 20);
    BED_TEST(suite, errors_change_nothing, 1, 20);
    BED_TEST(suite, an_address_changes_hands, BED_THREADS, 20);
    BED_TEST(suite, the_old_endpoints_serve_until_the_new_name_is_known, 1, 30);
    BED_TEST(suite, endpoints_keep_their_history, 1, 20);
    BED_TEST(suite, options_change, 1, 20);
    BED_TEST(suite, servers_change, 1, 20);
    BED_TEST(suite, no_reload_while_stopping, 1, 20);
    BED_TEST(suite, it_begins_without_any_upstream, BED_THREADS, 20);
    return bed_main(suite);
}
