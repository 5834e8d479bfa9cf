#include "pace.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_A_SECOND INT64_C(1000000000)

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / NS_A_SECOND, .tv_nsec = ns % NS_A_SECOND};
}

int pace_start(struct pace *pace, double rate)
{
    struct timespec now;

    pace->interval = (int64_t)((double)NS_A_SECOND / rate);
    pace->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (pace->timer < 0)
        return -errno;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pace->next = now.tv_sec * NS_A_SECOND + now.tv_nsec + pace->interval;
    const struct itimerspec times = {
        .it_value = timespec_of(pace->next),
        .it_interval = timespec_of(pace->interval),
    };
    if (timerfd_settime(pace->timer, TFD_TIMER_ABSTIME, &times, NULL) == 0)
        return 0;
    int error = errno;
    pace_stop(pace);
    return -error;
}

void pace_stop(struct pace *pace)
{
    if (pace->timer >= 0)
        close(pace->timer);
    pace->timer = -1;
}

void pace_woken(const struct pace *pace)
{
    uint64_t times;

    while (read(pace->timer, &times, sizeof(times)) < 0 && errno == EINTR)
        ;
}
