/* Whether a file is another one than at the last look. */
#include "base/file_stamp.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "files.h"
#include "suite.h"

static struct file_stamp stamp;

static bool changed(const char *path)
{
    return file_stamp_changed(&stamp, path);
}

/* The file system's clock may be slower than the test. */
static void set_time(const char *path, time_t seconds, long nanoseconds)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {seconds, nanoseconds}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(one_that_is_not_there)
{
    ck_assert(!changed("a"));
    ck_assert(!changed("a"));
    files_write("a", "1");
    ck_assert(changed("a"));
    ck_assert(!changed("a"));
    ck_assert_int_eq(unlink("a"), 0);
    ck_assert(changed("a"));
    ck_assert(!changed("a"));
}
END_TEST

START_TEST(each_change_is_one)
{
    files_write("a", "1");
    set_time("a", 1000, 1);
    ck_assert(changed("a"));
    set_time("a", 1000, 2); /* as short as it gets */
    ck_assert(changed("a"));
    ck_assert(!changed("a"));
    set_time("a", 1001, 2);
    ck_assert(changed("a"));
    files_write("a", "12");
    set_time("a", 1001, 2); /* only the size tells */
    ck_assert(changed("a"));
    files_write("b", "12");
    set_time("b", 1001, 2); /* only the inode does */
    ck_assert_int_eq(rename("b", "a"), 0);
    ck_assert(changed("a"));
    ck_assert(!changed("a"));
}
END_TEST

START_TEST(reading_it_is_none)
{
    char byte;
    files_write("a", "1");
    ck_assert(changed("a"));
    int fd = open("a", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(fd, &byte, 1), 1);
    close(fd);
    ck_assert(!changed("a"));
}
END_TEST

/* A mounted ConfigMap changes by a link that points elsewhere. */
START_TEST(links_are_followed)
{
    files_write("a", "1");
    files_write("b", "1");
    set_time("a", 1000, 0);
    set_time("b", 1000, 0);
    ck_assert_int_eq(symlink("a", "link"), 0);
    ck_assert(changed("link"));
    set_time("a", 1001, 0);
    ck_assert(changed("link"));
    ck_assert_int_eq(symlink("b", "next"), 0);
    ck_assert_int_eq(rename("next", "link"), 0);
    ck_assert(changed("link"));
    ck_assert(!changed("link"));
    ck_assert_int_eq(unlink("b"), 0); /* it points to nothing */
    ck_assert(changed("link"));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, files_begin, files_end);
    tcase_add_test(cases, one_that_is_not_there);
    tcase_add_test(cases, each_change_is_one);
    tcase_add_test(cases, reading_it_is_none);
    tcase_add_test(cases, links_are_followed);
}

int main(void)
{
    return suite_run("base/file_stamp", add);
}
