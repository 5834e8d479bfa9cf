#include "probes.h"

#include <errno.h>

#include "../target.h"
#include "base/list.h"
#include "proxy/probe.h"

struct probe {
    struct list node;
    struct address address;
    usec_t started;
    probe_callback *callback;
    void *arg;
};

static struct list waiting;
static size_t count;
static bool lacks;

void probes_begin(void)
{
    expect(count == 0);
    list_init(&waiting);
    lacks = false;
}

void probes_lack(void)
{
    lacks = true;
}

/* One connect an address at a time. */
int probe_start(struct event_base *base, const struct address *address,
                const struct upstream_options *options, usec_t timeout, probe_callback *callback,
                void *arg, struct probe **ret_probe)
{
    expect(base && options && timeout > 0 && !probes_has(address));
    if (lacks) {
        lacks = false;
        return -EMFILE;
    }
    struct probe *probe = calloc(1, sizeof *probe);
    expect(probe);
    *probe = (struct probe){
        .address = *address, .started = clock_now(), .callback = callback, .arg = arg};
    list_append(&waiting, &probe->node);
    count++;
    *ret_probe = probe;
    return 0;
}

/* As proxy/connect.h says, of the one error that there is. */
enum connect_outcome connect_classify(int error)
{
    expect(error == EMFILE);
    return CONNECT_LOCAL_LACK;
}

void probe_cancel(struct probe *probe)
{
    if (!probe)
        return;
    list_remove(&probe->node);
    count--;
    free(probe);
}

size_t probes_count(void)
{
    return count;
}

bool probes_has(const struct address *address)
{
    list_each(node, &waiting)
    {
        if (address_equal(&list_entry(node, struct probe, node)->address, address))
            return true;
    }
    return false;
}

static struct probe *nth(size_t n)
{
    struct list *node = waiting.next;
    while (n-- > 0)
        node = node->next;
    return list_entry(node, struct probe, node);
}

struct address probes_address(size_t n)
{
    return nth(n)->address;
}

void probes_end(size_t n, enum connect_outcome outcome)
{
    const struct probe copy = *nth(n);
    probe_cancel(nth(n));
    copy.callback(copy.arg, outcome, clock_now() - copy.started);
}
