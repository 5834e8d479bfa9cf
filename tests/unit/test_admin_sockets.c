#include "admin/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "config/model.h"
#include "daemon/front.h"
#include "files.h"
#include "loopback.h"
#include "suite.h"

/* As that of musl, which does not know Unix sockets, where the test says so. */
static bool musl;

int getnameinfo(const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size,
                char *port, socklen_t port_size, int flags)
{
    (void)size;
    (void)flags;
    if (musl || address->sa_family != AF_UNIX)
        return EAI_FAMILY;
    snprintf(host, host_size, "localhost");
    snprintf(port, port_size, "%s", "");
    return 0;
}

static struct listen listens[3];
static struct global_options options;
static struct admin_sockets sockets;
static struct fronts fronts;
static int log_ends[2];
static char said[8192];

static void setup(void)
{
    files_clear();
    list_init(&fronts.open);
    ck_assert_int_eq(pipe2(log_ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_setup(log_ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT, true);
    options = (struct global_options){.admins = listens};
}

static void teardown(void)
{
    close(log_ends[0]);
    close(log_ends[1]);
}

static const char *what_was_said(void)
{
    ssize_t got = read(log_ends[0], said, sizeof said - 1);
    said[got < 0 ? 0 : got] = '\0';
    return said;
}

static size_t lines_said(void)
{
    size_t lines = 0;
    for (const char *at = what_was_said(); (at = strchr(at, '\n')); at++)
        lines++;
    return lines;
}

static struct listen *add_unix(const char *path)
{
    struct listen *listen = &listens[options.admin_count++];
    *listen = (struct listen){.kind = LISTEN_UNIX,
                              .mode = 0660,
                              .user = LISTEN_USER_OWN,
                              .group = LISTEN_GROUP_OWN,
                              .path = (char *)path};
    return listen;
}

static struct listen *add_tcp(void)
{
    struct listen *listen = &listens[options.admin_count++];
    *listen = (struct listen){.optional = false};
    close(loopback_refuse(&listen->address)); /* a port that nobody has */
    return listen;
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 200; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static struct stat status_of(const char *path)
{
    struct stat status;
    ck_assert_int_eq(lstat(path, &status), 0);
    return status;
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static int connect_to(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

START_TEST(all_that_are_named)
{
    size_t before = open_descriptors();
    add_unix("a.sock");
    add_tcp();
    add_unix("b.sock")->mode = 0600;
    ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), 0);
    ck_assert_uint_eq(sockets.count, 3);
    ck_assert_uint_eq(open_descriptors(), before + 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(sockets.listeners[i].tcp, i == 1);
        ck_assert(fcntl(sockets.listeners[i].fd, F_GETFL) & O_NONBLOCK);
        ck_assert_int_eq(fcntl(sockets.listeners[i].fd, F_GETFD), FD_CLOEXEC);
    }
    ck_assert_uint_eq(status_of("a.sock").st_mode & 07777, 0660);
    ck_assert_uint_eq(status_of("b.sock").st_mode & 07777, 0600);
    close(connect_to("a.sock"));
    close(loopback_connect(&listens[1].address));
    ck_assert_uint_eq(lines_said(), 3);
    ck_assert_ptr_nonnull(strstr(said, "admin interface address=unix:a.sock\n"));
    admin_sockets_close(&sockets);
    ck_assert(!exists("a.sock") && !exists("b.sock"));
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* No other path would help, nor other permissions. */
START_TEST(a_c_library_without_names_of_unix_clients)
{
    musl = true;
    add_unix("admin.sock")->optional = _i == 0;
    ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), _i == 0 ? 0 : -EPFNOSUPPORT);
    musl = false;
    ck_assert_uint_eq(lines_said(), 1);
    ck_assert_ptr_nonnull(strstr(said, _i == 0 ? "no admin interface" : "cannot listen"));
    ck_assert_ptr_nonnull(strstr(said, "with this C library"));
    ck_assert_ptr_nonnull(strstr(said, "advice=\"give --admin 127.0.0.1:PORT or --admin off\""));
    ck_assert(!exists("admin.sock"));
    if (_i == 0)
        admin_sockets_close(&sockets);
}
END_TEST

START_TEST(none)
{
    ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), 0);
    ck_assert_uint_eq(sockets.count, 0);
    ck_assert_uint_eq(lines_said(), 0);
    admin_sockets_close(&sockets);
}
END_TEST

/* Whatever the umask is; the last part of the path alone. */
START_TEST(the_directory_is_made)
{
    mode_t mask = _i ? 077 : 0;
    umask(mask);
    add_unix("run/admin.sock");
    ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), 0);
    ck_assert_uint_eq(umask(022), mask);
    ck_assert_uint_eq(status_of("run").st_mode, S_IFDIR | 0750);
    ck_assert_uint_eq(status_of("run/admin.sock").st_mode & 07777, 0660);
    admin_sockets_close(&sockets);
    ck_assert(exists("run") && !exists("run/admin.sock"));
    chmod("run", 0711); /* one that is there already is left as it is */
    ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), 0);
    ck_assert_uint_eq(status_of("run").st_mode, S_IFDIR | 0711);
    admin_sockets_close(&sockets);
    options.admin_count = 0;
    add_unix("no/run/admin.sock");
    ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), -ENOENT);
    ck_assert(!exists("no"));
}
END_TEST

/* Otherwise they could not get to the socket that is theirs. */
START_TEST(the_directory_is_the_owners)
{
    bool root = geteuid() == 0;
    struct listen *listen = add_unix("run/admin.sock");
    listen->user = root ? 4242 : geteuid();
    listen->group = root ? 4343 : getegid();
    ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), 0);
    ck_assert_uint_eq(status_of("run").st_uid, listen->user);
    ck_assert_uint_eq(status_of("run").st_gid, listen->group);
    ck_assert_uint_eq(status_of("run/admin.sock").st_gid, listen->group);
    admin_sockets_close(&sockets);
}
END_TEST

START_TEST(one_that_was_asked_for_is_an_error)
{
    size_t before = open_descriptors();
    add_unix("good.sock");
    add_unix("no/such/admin.sock");
    int taken = loopback_listen(&add_tcp()->address);
    ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), -EADDRINUSE);
    close(taken);
    ck_assert_uint_eq(lines_said(), 3); /* all that is wrong is told */
    ck_assert_ptr_nonnull(strstr(said, "<3>cannot listen for the admin interface"));
    ck_assert_ptr_nonnull(strstr(said, "address=unix:no/such/admin.sock"));
    ck_assert_ptr_nonnull(strstr(said, "advice="));
    ck_assert(!exists("good.sock"));
    ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* The default: no directory, a read-only one, another redial, another file. */
START_TEST(one_that_nobody_asked_for_is_a_warning)
{
    static const char *const paths[] = {"no/such/admin.sock", "/proc/admin.sock", "file",
                                        "file/admin.sock"};
    files_write("file", "precious");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        options.admin_count = 0;
        add_unix(paths[i])->optional = true;
        add_tcp();
        ck_assert_int_eq(admin_sockets_open(&sockets, &options, &fronts), 0);
        ck_assert_uint_eq(sockets.count, 1);
        ck_assert_uint_eq(lines_said(), 2);
        ck_assert_ptr_nonnull(strstr(said, "<4>no admin interface address=unix:"));
        ck_assert_ptr_nonnull(strstr(said, "--admin unix:PATH"));
        admin_sockets_close(&sockets);
    }
    ck_assert(exists("file"));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_unchecked_fixture(cases, files_begin, files_end);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, all_that_are_named);
    tcase_add_loop_test(cases, a_c_library_without_names_of_unix_clients, 0, 2);
    tcase_add_test(cases, none);
    tcase_add_loop_test(cases, the_directory_is_made, 0, 2);
    tcase_add_test(cases, the_directory_is_the_owners);
    tcase_add_test(cases, one_that_was_asked_for_is_an_error);
    tcase_add_test(cases, one_that_nobody_asked_for_is_a_warning);
}

int main(void)
{
    return suite_run("admin/sockets", add);
}
