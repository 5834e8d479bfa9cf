#include "proxy/pipe.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static void pipe_close(struct pipe_pool *pool, struct pipe *pipe)
{
    close(pipe->in);
    close(pipe->out);
    free(pipe);
    pool->open--;
}

/* Returns whether the pipe holds what makes it worth having. */
static bool enlarge(const struct pipe *pipe)
{
    for (int size = PIPE_SIZE; size > PIPE_SIZE_LEAST; size /= 2)
        if (fcntl(pipe->in, F_SETPIPE_SZ, size) >= 0)
            return true;
    return fcntl(pipe->in, F_GETPIPE_SZ) >= PIPE_SIZE_LEAST;
}

static struct pipe *pipe_open(struct pipe_pool *pool)
{
    int ends[2];
    struct pipe *pipe = calloc(1, sizeof *pipe);
    if (!pipe || pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) {
        free(pipe);
        return NULL;
    }
    pipe->out = ends[0];
    pipe->in = ends[1];
    pool->open++;
    if (!enlarge(pipe)) {
        pipe_close(pool, pipe);
        return NULL;
    }
    return pipe;
}

struct pipe *pipe_take(struct pipe_pool *pool)
{
    struct pipe *pipe = pool->idle;
    if (pipe) {
        pool->idle = pipe->next;
        return pipe;
    }
    return pool->open < PIPES_MOST ? pipe_open(pool) : NULL;
}

void pipe_give(struct pipe_pool *pool, struct pipe *pipe)
{
    if (!pipe)
        return;
    if (pipe->filled > 0) {
        pipe_close(pool, pipe);
        return;
    }
    pipe->next = pool->idle;
    pool->idle = pipe;
}

void pipe_pool_clear(struct pipe_pool *pool)
{
    while (pool->idle) {
        struct pipe *pipe = pool->idle;
        pool->idle = pipe->next;
        pipe_close(pool, pipe);
    }
}
