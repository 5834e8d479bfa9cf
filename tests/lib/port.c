#include "port.h"

#include "die.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PORT_FIRST = 11000, PORT_LAST = 31999 };

/* A name in the abstract Unix namespace belongs to one process at a time, and is free again when
 * that process ends, however it ends. */
static bool port_claim(uint16_t port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length =
        snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "redial-test-port-%u", port);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        die("no socket to reserve a port");
    }
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    if (bind(fd, (struct sockaddr *)&name, size) != 0) {
        close(fd);
        return false;
    }
    return true; /* fd stays open on purpose */
}

/* An IPv6 wildcard that takes IPv4 too conflicts with every address of both. */
static bool port_is_free(uint16_t port, int type)
{
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
    int bound = -1;
    if (fd >= 0) {
        bound = bind(fd, (struct sockaddr *)&any6, sizeof(any6));
    } else if ((fd = socket(AF_INET, type | SOCK_CLOEXEC, 0)) >= 0) {
        bound = bind(fd, (struct sockaddr *)&any4, sizeof(any4));
    }
    if (fd >= 0) {
        close(fd);
    }
    return bound == 0;
}

static unsigned port_first_guess(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned)now.tv_nsec / 1000 + (unsigned)getpid() * 7919;
}

uint16_t port_reserve(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static unsigned next;
    unsigned range = PORT_LAST - PORT_FIRST + 1;
    uint16_t found = 0;

    pthread_mutex_lock(&lock);
    if (next == 0) {
        next = port_first_guess();
    }
    for (unsigned tries = 0; tries < range && found == 0; tries++) {
        uint16_t port = (uint16_t)(PORT_FIRST + next++ % range);
        if (port_claim(port) && port_is_free(port, SOCK_STREAM) && port_is_free(port, SOCK_DGRAM)) {
            found = port;
        }
    }
    pthread_mutex_unlock(&lock);
    if (found == 0) {
        die("no free port between %d and %d", PORT_FIRST, PORT_LAST);
    }
    return found;
}
