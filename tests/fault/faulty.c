/* Preloaded into redial: makes one call fail, as this host might, and keeps count of memory.
 *
 *   FAULT_CALL=NAME    which call (malloc stands for all that allocate); unset: none fails
 *   FAULT_AT=N         the N-th one of the process
 *   FAULT_ON=1         and all after it
 *   FAULT_REPORT=FILE  gets, when the process ends in order, `NAME COUNT` of each call, `failed N`,
 *                      and `blocks N`: how many were not freed
 *   FAULT_TRACE=FILE   gets the addresses of the callers, for addr2line(1), when a call fails
 *
 * Only the process that was started so counts: what it executes does not know of it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Each call that can fail, and the errno of a host that lacks what it wants. */
#define CALLS(X)                                                                                   \
    X(malloc, ENOMEM)                                                                              \
    X(socket, EMFILE)                                                                              \
    X(socketpair, EMFILE)                                                                          \
    X(connect, ENOBUFS)                                                                            \
    X(bind, EADDRINUSE)                                                                            \
    X(listen, EADDRINUSE)                                                                          \
    X(accept4, EMFILE)                                                                             \
    X(getsockname, ENOBUFS)                                                                        \
    X(setsockopt, ENOMEM)                                                                          \
    X(epoll_create1, EMFILE)                                                                       \
    X(epoll_ctl, ENOSPC)                                                                           \
    X(pipe2, ENFILE)                                                                               \
    X(splice, ENOMEM)                                                                              \
    X(send, ENOBUFS)                                                                               \
    X(sendmsg, ENOBUFS)                                                                            \
    X(recv, ENOMEM)                                                                                \
    X(recvfrom, ENOMEM)                                                                            \
    X(eventfd, ENFILE)                                                                             \
    X(open, EMFILE)                                                                                \
    X(fopen, EMFILE)                                                                               \
    X(read, EIO)                                                                                   \
    X(write, ENOSPC)                                                                               \
    X(writev, ENOBUFS)                                                                             \
    X(fcntl, EINVAL)                                                                               \
    X(memfd_create, EMFILE)                                                                        \
    X(pthread_create, EAGAIN)                                                                      \
    X(fork, EAGAIN)

#define NAME(name, error) CALL_##name,
enum call { CALLS(NAME) CALL_COUNT };
#undef NAME

#define ROW(name, error) {#name, error},
static const struct {
    const char *name;
    int error;
} calls[] = {CALLS(ROW)};
#undef ROW

static _Atomic unsigned long counts[CALL_COUNT];
static _Atomic long blocks;
static _Atomic unsigned long failed;
static enum call chosen = CALL_COUNT;
static unsigned long chosen_at;
static bool chosen_on, begun;
static const char *trace;

static void leave_trace(void)
{
    void *frames[32];
    int fd =
        trace ? (int)openat(AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    backtrace_symbols_fd(frames, backtrace(frames, 32), fd);
    close(fd);
}

/* Whether this one is to fail; errno is set then. */
static bool fails(enum call call)
{
    if (!begun)
        return false;
    unsigned long n = atomic_fetch_add(&counts[call], 1) + 1;
    if (call != chosen || n < chosen_at || (n > chosen_at && !chosen_on))
        return false;
    if (atomic_fetch_add(&failed, 1) == 0)
        leave_trace();
    errno = calls[call].error;
    return true;
}

__attribute__((constructor)) static void begin(void)
{
    void *frames[1];
    const char *name = getenv("FAULT_CALL"), *at = getenv("FAULT_AT");
    for (int call = 0; name && call < CALL_COUNT; call++)
        if (strcmp(calls[call].name, name) == 0)
            chosen = (enum call)call;
    chosen_at = at ? strtoul(at, NULL, 10) : 1;
    chosen_on = getenv("FAULT_ON") != NULL;
    trace = getenv("FAULT_TRACE");
    if (trace)
        backtrace(frames, 1); /* what it loads is loaded now */
    begun = getenv("LD_PRELOAD") != NULL;
    unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void end(void)
{
    const char *report = getenv("FAULT_REPORT");
    begun = false;
    long left = atomic_load(&blocks);
    FILE *stream = report ? fopen(report, "w") : NULL;
    if (!stream)
        return;
    for (int call = 0; call < CALL_COUNT; call++)
        fprintf(stream, "%s %lu\n", calls[call].name, atomic_load(&counts[call]));
    fprintf(stream, "failed %lu\nblocks %ld\n", atomic_load(&failed), left);
    fclose(stream);
}

/* --- memory: glibc's own names for what stands behind these -------------------------------- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static void *counted(void *memory)
{
    if (memory && begun)
        atomic_fetch_add(&blocks, 1);
    return memory;
}

void *malloc(size_t size)
{
    return fails(CALL_malloc) ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails(CALL_malloc) ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    if (!old)
        return malloc(size);
    return fails(CALL_malloc) ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, whole);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(CALL_malloc) ? NULL : counted(__libc_memalign(alignment, size));
}

void free(void *memory)
{
    if (memory && begun)
        atomic_fetch_sub(&blocks, 1);
    __libc_free(memory);
}

/* --- system calls ------------------------------------------------------------------------------
 */

#define REAL(name) ((__typeof__(&(name)))real(&real_##name, #name))
static void *real(void *_Atomic *place, const char *name)
{
    void *found = atomic_load(place);
    if (!found)
        atomic_store(place, found = dlsym(RTLD_NEXT, name));
    if (!found)
        _exit(125);
    return found;
}

#define FAULTY(type, name, failure, parameters, arguments)                                         \
    static void *_Atomic real_##name;                                                              \
    type name parameters                                                                           \
    {                                                                                              \
        return fails(CALL_##name) ? (failure) : REAL(name) arguments;                              \
    }

FAULTY(int, socket, -1, (int domain, int type, int protocol), (domain, type, protocol))
FAULTY(int, socketpair, -1, (int domain, int type, int protocol, int ends[2]),
       (domain, type, protocol, ends))
FAULTY(int, connect, -1, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
FAULTY(int, bind, -1, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
FAULTY(int, listen, -1, (int fd, int backlog), (fd, backlog))
FAULTY(int, accept4, -1, (int fd, struct sockaddr *from, socklen_t *size, int flags),
       (fd, from, size, flags))
FAULTY(int, getsockname, -1, (int fd, struct sockaddr *name, socklen_t *size), (fd, name, size))
FAULTY(int, setsockopt, -1, (int fd, int level, int option, const void *value, socklen_t size),
       (fd, level, option, value, size))
FAULTY(int, epoll_create1, -1, (int flags), (flags))
FAULTY(int, epoll_ctl, -1, (int fd, int what, int other, struct epoll_event *event),
       (fd, what, other, event))
FAULTY(ssize_t, splice, -1,
       (int in, off64_t *in_at, int out, off64_t *out_at, size_t size, unsigned flags),
       (in, in_at, out, out_at, size, flags))
FAULTY(ssize_t, send, -1, (int fd, const void *bytes, size_t size, int flags),
       (fd, bytes, size, flags))
FAULTY(ssize_t, sendmsg, -1, (int fd, const struct msghdr *message, int flags),
       (fd, message, flags))
FAULTY(ssize_t, recv, -1, (int fd, void *bytes, size_t size, int flags), (fd, bytes, size, flags))
FAULTY(ssize_t, recvfrom, -1,
       (int fd, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *length),
       (fd, bytes, size, flags, from, length))
FAULTY(FILE *, fopen, NULL, (const char *path, const char *mode), (path, mode))
FAULTY(ssize_t, writev, -1, (int fd, const struct iovec *parts, int count), (fd, parts, count))
FAULTY(int, memfd_create, -1, (const char *name, unsigned flags), (name, flags))
FAULTY(pid_t, fork, -1, (void), ())
FAULTY(int, pthread_create, errno,
       (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg),
       (thread, attributes, run, arg))

/* What wakes a thread of this process, and so never fails where the thread is there: eventfd(2),
 * and the pair of sockets by which libevent hears of signals. */
#define INTERNAL_MOST 1024
static _Atomic bool internal[INTERNAL_MOST];

static int mark(int fd, bool is_internal)
{
    if (fd >= 0 && fd < INTERNAL_MOST)
        atomic_store(&internal[fd], is_internal);
    return fd;
}

static bool is_internal(int fd)
{
    return fd >= 0 && fd < INTERNAL_MOST && atomic_load(&internal[fd]);
}

static void *_Atomic real_eventfd, *_Atomic real_pipe2, *_Atomic real_close, *_Atomic real_read,
    *_Atomic real_write;

int eventfd(unsigned value, int flags)
{
    return fails(CALL_eventfd) ? -1 : mark(REAL(eventfd)(value, flags), true);
}

int pipe2(int ends[2], int flags)
{
    if (fails(CALL_pipe2) || REAL(pipe2)(ends, flags) < 0)
        return -1;
    mark(ends[0], true);
    mark(ends[1], true);
    return 0;
}

int close(int fd)
{
    mark(fd, false);
    return REAL(close)(fd);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    return !is_internal(fd) && fails(CALL_read) ? -1 : REAL(read)(fd, bytes, size);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return !is_internal(fd) && fails(CALL_write) ? -1 : REAL(write)(fd, bytes, size);
}

static void *_Atomic real_open, *_Atomic real_fcntl;

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails(CALL_open) ? -1 : REAL(open)(path, flags, mode);
}

int fcntl(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *value = va_arg(rest, void *);
    va_end(rest);
    return fails(CALL_fcntl) ? -1 : REAL(fcntl)(fd, command, value);
}
