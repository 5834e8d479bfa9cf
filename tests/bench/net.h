#ifndef REDIAL_BENCH_NET_H
#define REDIAL_BENCH_NET_H

#include <netinet/in.h>
#include <stdbool.h>

/* Reads "1.2.3.4:80"; false if it is not such an address. */
bool net_parse(const char *text, struct sockaddr_in *address);

/* Raises the limit of descriptors to what this process may have. */
void net_raise_fd_limit(void);

/* Prints `count` free TCP ports, one a line, all below the range that the kernel takes the local
 * ports of connections from. 0, or 1 if there are not so many. */
int net_print_free_ports(int count);

#endif
