#include "net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOWEST_PORT 10000

bool net_parse(const char *text, struct sockaddr_in *address)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');

    if (!colon || (size_t)(colon - text) >= sizeof(host))
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end || port < 1 || port > 65535)
        return false;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

void net_raise_fd_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int first_ephemeral_port(void)
{
    int first = 32768;
    FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

    if (range) {
        if (fscanf(range, "%d", &first) != 1)
            first = 32768;
        fclose(range);
    }
    return first;
}

/* Without SO_REUSEADDR and on every address: nothing at all may be using the port. */
static bool port_is_free(int port)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_free = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;

    if (fd >= 0)
        close(fd);
    return is_free;
}

int net_print_free_ports(int count)
{
    int span = first_ephemeral_port() - LOWEST_PORT;

    if (span <= 0)
        return 1;
    int start = (int)(getpid() * 7L % span);
    for (int i = 0; i < span && count > 0; i++) {
        int port = LOWEST_PORT + (start + i) % span;
        if (!port_is_free(port))
            continue;
        printf("%d\n", port);
        count--;
    }
    return count > 0;
}
