/* A program that is linked with this lives in a time of its own: it stands still while the program
 * works, and passes while epoll_wait(2) waits in vain, all of it at once. So a test with real
 * sockets and real timers is as exact as on an idle machine, however busy this one is, and takes
 * next to no time. That is the monotonic clock, for libraries too. For programs of one thread. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_PER_MSEC INT64_C(1000000)

/* Real milliseconds without an event after which none is under way: on loopback the kernel delivers
 * within the call that sends. */
#define SETTLED 20

static int64_t now; /* nanoseconds; 0: not begun */

static int64_t idle_time(void)
{
    struct timespec begin;
    if (now == 0) {
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &begin);
        now = begin.tv_sec * NSEC_PER_SEC + begin.tv_nsec;
    }
    return now;
}

/* These two stand before the C library's, in the libraries as well. */

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, ret_now);
    int64_t time = idle_time();
    *ret_now = (struct timespec){.tv_sec = time / NSEC_PER_SEC, .tv_nsec = time % NSEC_PER_SEC};
    return 0;
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int msec)
{
    bool passes = msec > 0;
    int count = epoll_pwait(epoll, events, most, passes ? SETTLED : msec, NULL);
    if (count == 0 && passes)
        now = idle_time() + msec * NSEC_PER_MSEC;
    return count;
}
