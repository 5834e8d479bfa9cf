#include "daemon/descriptors.h"

#include <sys/resource.h>

/* DNS sockets, logs, the event loops of libraries, and what nobody thought of. */
#define RESERVE 32

uint64_t descriptors_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1024;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

uint32_t descriptors_connections(uint64_t limit, size_t fixed)
{
    uint64_t taken = fixed + RESERVE;
    uint64_t pairs = limit > taken ? (limit - taken) / 2 : 1;
    return pairs > 10000000 ? 10000000 : pairs < 1 ? 1 : (uint32_t)pairs;
}
