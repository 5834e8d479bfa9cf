/* A program that is linked with this lives in a time of its own: it stands still while the program
 * works, and passes while epoll_wait(2) waits in vain, all of it at once. So a test with real
 * sockets and real timers is as exact as on an idle machine, however busy this one is, and takes
 * next to no time. That is the monotonic clock, for libraries too. For programs of one thread. */
#ifndef UNIT_IDLE_TIME_H
#define UNIT_IDLE_TIME_H

#include <stdbool.h>

/* Where the kernel's own timers are waited for, such as a SYN that is sent again: time runs on from
 * here as everybody's does, until it is turned off again. */
void idle_time_is_real(bool on);

#endif
