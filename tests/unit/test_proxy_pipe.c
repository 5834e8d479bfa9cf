/* What pipes hold, and what becomes of that when the kernel gives a user no more. */
#include "proxy/pipe.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

#define LONE_USER 61234 /* nobody's, so no other process takes from its share */
#define SKIPPED 77

static struct pipe_pool pool;

static void begin(void)
{
    pool = (struct pipe_pool){0};
}

static int size_of(const struct pipe *pipe)
{
    return fcntl(pipe->in, F_GETPIPE_SZ);
}

START_TEST(pipes_are_lent_and_given_back)
{
    struct pipe *one = pipe_take(&pool), *other = pipe_take(&pool);
    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_nonnull(other);
    ck_assert_int_ge(size_of(one), PIPE_SIZE_LEAST);
    pipe_give(&pool, one);
    ck_assert_ptr_eq(pipe_take(&pool), one); /* it is used again */
    ck_assert_uint_eq(pool.open, 2);
    ck_assert_int_eq(write(other->in, "x", 1), 1);
    other->filled = 1;
    pipe_give(&pool, other); /* nobody may get those bytes */
    ck_assert_uint_eq(pool.open, 1);
    pipe_give(&pool, one);
    pipe_pool_clear(&pool);
    ck_assert_uint_eq(pool.open, 0);
}
END_TEST

START_TEST(a_pool_has_an_end)
{
    struct pipe *pipes[PIPES_MOST];
    for (size_t i = 0; i < PIPES_MOST; i++)
        ck_assert_ptr_nonnull(pipes[i] = pipe_take(&pool));
    ck_assert_ptr_null(pipe_take(&pool));
    for (size_t i = 0; i < PIPES_MOST; i++)
        pipe_give(&pool, pipes[i]);
    pipe_pool_clear(&pool);
}
END_TEST

static int read_setting(const char *path)
{
    int value = 0;
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%d", &value) != 1)
        value = 0;
    if (file)
        fclose(file);
    return value;
}

/* Takes all that a user may have in pipes, and then gives back the bytes of one of redial's, less
 * than a page or two: those that one more pipe has. Returns whether that could be done. */
static bool take_all_but_one(void)
{
    int most = read_setting("/proc/sys/fs/pipe-max-size");
    int pages = read_setting("/proc/sys/fs/pipe-user-pages-soft");
    int each = most / (int)sysconf(_SC_PAGESIZE), ends[2];
    if (most != 2 * PIPE_SIZE || pages % each != 0)
        return false;
    for (int left = pages; left > 0; left -= each)
        if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETPIPE_SZ, most) != most)
            return false;
    int last = ends[1];
    return pipe2(ends, O_CLOEXEC) == 0 && fcntl(last, F_SETPIPE_SZ, PIPE_SIZE) == PIPE_SIZE;
}

/* Returns the number of the first pipe that is not what it should be, 0 or SKIPPED. */
static int take_what_is_left(void)
{
    static const int expected[] = {PIPE_SIZE / 2, PIPE_SIZE / 4, PIPE_SIZE_LEAST};
    if (setresgid(LONE_USER, LONE_USER, LONE_USER) < 0 ||
        setresuid(LONE_USER, LONE_USER, LONE_USER) < 0 || !take_all_but_one())
        return SKIPPED;
    for (int i = 0; i < (int)COUNT_OF(expected); i++) {
        const struct pipe *pipe = pipe_take(&pool);
        if (!pipe || size_of(pipe) != expected[i])
            return i + 1;
    }
    return pipe_take(&pool) ? (int)COUNT_OF(expected) + 1 : 0;
}

START_TEST(who_may_have_little_takes_smaller_ones)
{
    int status;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(take_what_is_left());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED)
        puts("not tried: it takes root and the kernel's usual settings of pipes");
    else
        ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, begin, NULL);
    tcase_add_test(cases, pipes_are_lent_and_given_back);
    tcase_add_test(cases, a_pool_has_an_end);
    tcase_add_test(cases, who_may_have_little_takes_smaller_ones);
}

int main(void)
{
    return suite_run("proxy/pipe", add);
}
