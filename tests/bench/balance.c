/* balance-bench POLICY ADDRESSES PICKS [even|uneven]: picks and ends connections at one balancer,
 * half of 4 an address open all the time. Prints nanoseconds a pick with its end;
 * tests/bench/balance counts the instructions of it under callgrind. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "proxy/balance.h"

/* Connections an address. */
#define OPEN 4

static const char *const names[] = {"round-robin", "least-connections", "random-two"};

static struct endpoint_set *make_set(size_t count, bool even)
{
    struct place *places = calloc(count, sizeof *places);
    if (!places)
        abort();
    for (size_t i = 0; i < count; i++) {
        struct in_addr ip = {.s_addr = htonl(0x0a000000u + (uint32_t)i)};
        places[i] =
            (struct place){address_ipv4(&ip, 80), 0, even ? 1 : (uint16_t)(1 + random_below(100))};
    }
    qsort(places, count, sizeof *places, place_compare);
    struct endpoint_set *set = endpoint_set_new(NULL, places, count);
    free(places);
    return set;
}

struct service {
    struct balancer balancer;
    enum balance_policy policy;
    struct endpoint_set *set;
    struct endpoint **held;
    uint32_t count;
};

static struct endpoint *pick(struct service *service)
{
    return balance_pick(&service->balancer, service->policy, service->set, (struct tried){NULL, 0});
}

/* What is measured. Callgrind knows it by its name. */
__attribute__((noinline)) void churn(struct service *service, long picks);
void churn(struct service *service, long picks)
{
    for (long i = 0; i < picks; i++) {
        size_t at = random_below(service->count);
        balance_release(&service->balancer, service->held[at]);
        service->held[at] = pick(service);
    }
}

static usec_t run(struct service *service, long picks)
{
    service->count = (uint32_t)(OPEN * service->set->count);
    service->held = calloc(service->count, sizeof(struct endpoint *));
    if (!service->held)
        abort();
    for (size_t i = 0; i < service->count; i++)
        service->held[i] = pick(service);
    usec_t begin = clock_now();
    churn(service, picks);
    usec_t took = clock_now() - begin;
    for (size_t i = 0; i < service->count; i++)
        balance_release(&service->balancer, service->held[i]);
    free(service->held);
    return took;
}

int main(int argc, char **argv)
{
    struct service service = {.count = 0};
    size_t policy = 0, count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    long picks = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    while (argc > 1 && policy < 3 && strcmp(argv[1], names[policy]) != 0)
        policy++;
    if (argc < 4 || policy == 3 || count == 0 || picks <= 0) {
        fprintf(stderr,
                "usage: %s round-robin|least-connections|random-two ADDRESSES PICKS"
                " [even|uneven]\n",
                argv[0]);
        return 2;
    }
    random_seed(1);
    service.policy = (enum balance_policy)policy;
    service.set = make_set(count, argc < 5 || strcmp(argv[4], "uneven") != 0);
    balancer_init(&service.balancer);
    if (!service.set || balancer_use(&service.balancer, service.policy, service.set) < 0)
        abort();
    printf("%.1f\n", (double)run(&service, picks) * 1000 / (double)picks);
    balancer_clear(&service.balancer);
    endpoint_set_unref(service.set);
    return 0;
}
