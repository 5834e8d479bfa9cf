#include "daemon/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "files.h"
#include "suite.h"

#define PATH "x.sock"

static struct unix_socket one;

static void setup(void)
{
    files_clear();
}

static struct listen at(const char *path)
{
    return (struct listen){.kind = LISTEN_UNIX,
                           .mode = 0660,
                           .user = LISTEN_USER_OWN,
                           .group = LISTEN_GROUP_OWN,
                           .path = (char *)path};
}

static int open_at(const char *path)
{
    struct listen listen = at(path);
    return unix_socket_open(&listen, &one);
}

static int connect_to(const char *path, int type)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

/* A socket of another program, of any type. */
static int bind_at(const char *path, int type)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
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

START_TEST(listens_and_is_removed)
{
    int fd = open_at(PATH);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    int client = connect_to(PATH, SOCK_STREAM);
    ck_assert_int_ge(client, 0);
    unix_socket_remove(&one);
    ck_assert(!exists(PATH));
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC); /* who had connected is served still */
    ck_assert_int_ge(accepted, 0);
    unix_socket_remove(&one); /* twice is harmless */
    close(accepted);
    close(client);
    close(fd);
}
END_TEST

/* Whatever the umask is, and it is the same afterwards. */
START_TEST(the_mode_is_as_wanted)
{
    static const mode_t modes[] = {0660, 0600, 0777, 0666, 0, 0700};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct listen listen = at(PATH);
        listen.mode = (uint16_t)modes[i];
        mode_t mask = i % 2 ? 077 : 0;
        umask(mask);
        int fd = unix_socket_open(&listen, &one);
        ck_assert_int_ge(fd, 0);
        ck_assert_uint_eq(status_of(PATH).st_mode & 07777, modes[i]);
        ck_assert_uint_eq(umask(022), mask);
        unix_socket_remove(&one);
        close(fd);
    }
}
END_TEST

START_TEST(the_owner_is_as_wanted)
{
    struct listen listen = at(PATH);
    listen.user = geteuid() == 0 ? 4242 : geteuid();
    listen.group = geteuid() == 0 ? 4343 : getegid();
    int fd = unix_socket_open(&listen, &one);
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_eq(status_of(PATH).st_uid, listen.user);
    ck_assert_uint_eq(status_of(PATH).st_gid, listen.group);
    unix_socket_remove(&one);
    close(fd);
}
END_TEST

/* Then nothing is left of it. */
START_TEST(an_owner_that_may_not_be_set)
{
    char path[64];
    struct listen listen = at(path);
    if (geteuid() == 0 && seteuid(4242) < 0)
        return;
    listen.user = geteuid() + 1;
    ck_assert_int_eq(chdir("/tmp"), 0);
    snprintf(path, sizeof path, "/tmp/redial-unit-%d.sock", (int)getpid());
    ck_assert_int_eq(unix_socket_open(&listen, &one), -EPERM);
    ck_assert(!exists(listen.path));
    ck_assert_str_eq(one.path, "");
    /* The leak sanitizer wants to look, which seteuid(2) forbids. */
    ck_assert_int_eq(seteuid(getuid()), 0);
    prctl(PR_SET_DUMPABLE, 1);
}
END_TEST

START_TEST(what_a_dead_process_left_is_replaced)
{
    int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        close(bind_at(PATH, types[i]));
        int fd = open_at(PATH);
        ck_assert_int_ge(fd, 0);
        int client = connect_to(PATH, SOCK_STREAM);
        ck_assert_int_ge(client, 0);
        ck_assert(one.inode == status_of(PATH).st_ino);
        unix_socket_remove(&one);
        close(client);
        close(fd);
    }
}
END_TEST

static void ck_taken(void)
{
    ino_t inode = status_of(PATH).st_ino;
    ck_assert_int_eq(open_at(PATH), -EADDRINUSE);
    ck_assert(status_of(PATH).st_ino == inode);
    unix_socket_remove(&one);
    ck_assert(exists(PATH));
}

START_TEST(what_a_living_process_has_stays)
{
    int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        int fd = bind_at(PATH, types[i]);
        if (types[i] != SOCK_DGRAM)
            ck_assert_int_eq(listen(fd, 1), 0);
        ck_taken();
        close(fd);
        unlink(PATH);
    }
}
END_TEST

/* One whose queue is full lives as well. */
START_TEST(a_full_queue_is_no_sign_of_death)
{
    int fd = bind_at(PATH, SOCK_STREAM), clients[8];
    ck_assert_int_eq(listen(fd, 0), 0);
    size_t count = 0;
    for (; count < COUNT_OF(clients); count++) {
        clients[count] = connect_to(PATH, SOCK_STREAM | SOCK_NONBLOCK);
        if (clients[count] == -EAGAIN)
            break;
    }
    ck_assert_uint_lt(count, COUNT_OF(clients));
    ck_taken();
    while (count > 0)
        close(clients[--count]);
    close(fd);
}
END_TEST

START_TEST(other_files_are_never_removed)
{
    files_write(PATH, "precious");
    ck_assert_int_eq(open_at(PATH), -ENOTSOCK);
    ck_assert(S_ISREG(status_of(PATH).st_mode));
    unlink(PATH);
    ck_assert_int_eq(mkdir(PATH, 0755), 0);
    ck_assert_int_eq(open_at(PATH), -ENOTSOCK);
    ck_assert(S_ISDIR(status_of(PATH).st_mode));
    rmdir(PATH);
    ck_assert_int_eq(symlink("somewhere", PATH), 0); /* not even one that leads to a socket */
    close(bind_at("somewhere", SOCK_STREAM));
    ck_assert_int_eq(open_at(PATH), -ENOTSOCK);
    ck_assert(S_ISLNK(status_of(PATH).st_mode));
    ck_assert(exists("somewhere"));
    unix_socket_remove(&one);
    ck_assert(exists(PATH));
}
END_TEST

/* Another process may have replaced it when ours was about to end. */
START_TEST(the_file_of_a_successor_stays)
{
    int fd = open_at(PATH);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(rename(PATH, "aside"), 0); /* so that its number is in use still */
    int successor = bind_at(PATH, SOCK_STREAM);
    unix_socket_remove(&one);
    ck_assert(exists(PATH));
    close(successor);
    close(fd);
}
END_TEST

START_TEST(no_directory)
{
    ck_assert_int_eq(open_at("missing/x.sock"), -ENOENT);
    files_write("file", "");
    ck_assert_int_eq(open_at("file/x.sock"), -ENOTDIR);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_unchecked_fixture(cases, files_begin, files_end);
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, listens_and_is_removed);
    tcase_add_test(cases, the_mode_is_as_wanted);
    tcase_add_test(cases, the_owner_is_as_wanted);
    tcase_add_test(cases, an_owner_that_may_not_be_set);
    tcase_add_test(cases, what_a_dead_process_left_is_replaced);
    tcase_add_test(cases, what_a_living_process_has_stays);
    tcase_add_test(cases, a_full_queue_is_no_sign_of_death);
    tcase_add_test(cases, other_files_are_never_removed);
    tcase_add_test(cases, the_file_of_a_successor_stays);
    tcase_add_test(cases, no_directory);
}

int main(void)
{
    return suite_run("daemon/unix_socket", add);
}
