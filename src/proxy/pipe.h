#ifndef REDIAL_PROXY_PIPE_H
#define REDIAL_PROXY_PIPE_H

#include <stddef.h>

/* Pipes between sockets, for splice(2): bytes pass through the kernel and never through here. A
 * pipe is taken for bytes that are there and given back when it is empty, so an idle connection has
 * none. A pool belongs to one thread. */
struct pipe {
    struct pipe *next; /* of the pool's idle ones */
    int in, out;
    size_t filled; /* bytes in it */
};

struct pipe_pool {
    struct pipe *idle;
    unsigned open; /* all, taken ones too */
};

/* Most pipes of one pool: streams whose receivers keep up share one; the others go without. */
#define PIPES_MOST 16

/* What a pipe is made to hold where the kernel allows it; otherwise half of that, and so on, but
 * not less than the second one, which is the kernel's default: who is above pipe-user-pages-soft of
 * pipe(7) gets a page or two, and copying is cheaper then. */
#define PIPE_SIZE (512 * 1024)
#define PIPE_SIZE_LEAST (64 * 1024)

/* An empty pipe, or NULL where there are PIPES_MOST, or this host has no descriptors or memory. */
struct pipe *pipe_take(struct pipe_pool *pool);

/* Gives it back; with bytes in it, it is closed. Accepts NULL. */
void pipe_give(struct pipe_pool *pool, struct pipe *pipe);

/* Closes those that are idle; none may be taken still. */
void pipe_pool_clear(struct pipe_pool *pool);

#endif
