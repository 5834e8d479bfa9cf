#include "stock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../memory_file.h"
#include "../target.h"

#define HIGH 100 /* the first number of the harness's own */

static struct stock_places places;
static char kept_path[128]; /* the same socket, should its file be removed */
static struct memory_file text_file;
static int tcp4, tcp6, at_path, abstract, stream, datagram, nowhere;

static struct placed {
    char kind;
    struct stat status;
} placed[STOCK_MOST];
static size_t count;
static int far_ends[STOCK_MOST]; /* -1: none */
static int borrowed[HIGH];       /* where what has the number is meanwhile; -1: nothing has */

/* --- the harness's own ------------------------------------------------------------------------ */

int stock_keep(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
    expect(fd >= 0 && high >= HIGH);
    close(fd);
    return high;
}

void stock_borrow(void)
{
    for (int fd = STOCK_FIRST; fd < HIGH; fd++)
        borrowed[fd] = fcntl(fd, F_GETFD) >= 0 ? stock_keep(fd) : -1;
}

void stock_return(void)
{
    for (int fd = STOCK_FIRST; fd < HIGH; fd++)
        if (borrowed[fd] >= 0) {
            expect(dup3(borrowed[fd], fd, O_CLOEXEC) == fd);
            close(borrowed[fd]);
        }
}

void stock_begin_high(void)
{
    for (int fd = STOCK_FIRST; fd < HIGH; fd++)
        expect(dup2(nowhere, fd) == fd);
}

void stock_end_high(void)
{
    for (int fd = STOCK_FIRST; fd < HIGH; fd++)
        close(fd);
}

static int listen_at(const struct address *address, struct address *ret_bound)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    int one = 1, fd = socket(address->family, SOCK_STREAM, 0);
    if (address->family == AF_INET)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (fd < 0 || bind(fd, &address->sa, address_length(address)) < 0 || listen(fd, 1) < 0)
        return -1;
    expect(getsockname(fd, (struct sockaddr *)&name, &length) == 0);
    *ret_bound = address_from_sockaddr((struct sockaddr *)&name, length);
    return fd;
}

static int listen_at_path(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t size = path ? sizeof name : sizeof(sa_family_t);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (path)
        strcpy(name.sun_path, path);
    expect(bind(fd, (struct sockaddr *)&name, (socklen_t)size) == 0 && listen(fd, 1) == 0);
    return fd;
}

static void remove_paths(void)
{
    unlink(places.path);
    unlink(kept_path);
}

static void open_sockets(void)
{
    const char *parent = getenv("TMPDIR");
    struct address any;
    expect(address_parse_ip("127.0.0.1", 0, &any));
    tcp4 = listen_at(&any, &places.tcp4);
    expect(address_parse_ip("::1", 0, &any));
    tcp6 = listen_at(&any, &places.tcp6);
    int length = snprintf(places.path, sizeof places.path, "%s/redial-env-%ld",
                          parent ? parent : "/tmp", (long)getpid());
    if (length >= (int)sizeof places.path)
        snprintf(places.path, sizeof places.path, "/tmp/redial-env-%ld", (long)getpid());
    snprintf(kept_path, sizeof kept_path, "%s.kept", places.path);
    remove_paths();
    at_path = listen_at_path(places.path);
    expect(tcp4 >= 0 && link(places.path, kept_path) == 0);
    atexit(remove_paths);
    abstract = listen_at_path(NULL);
    stream = socket(AF_UNIX, SOCK_STREAM, 0);
    datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
}

const struct stock_places *stock_open(void)
{
    nowhere = stock_keep(open("/dev/null", O_RDWR));
    stock_begin_high();
    open_sockets();
    memory_file_open(&text_file);
    stock_end_high();
    return &places;
}

/* --- those that are handed over --------------------------------------------------------------- */

static int pair(int *ret_far, bool closed)
{
    int ends[2];
    expect(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    *ret_far = stock_keep(ends[1]);
    if (closed) {
        close(*ret_far);
        *ret_far = -1;
    }
    return ends[0];
}

static int pipe_end(int *ret_far)
{
    int ends[2];
    expect(pipe(ends) == 0);
    *ret_far = stock_keep(ends[0]);
    int fd = dup2(ends[1], ends[0]);
    close(ends[1]);
    return fd;
}

static int open_kind(char kind, int *ret_far)
{
    switch (kind) {
    case '4':
        return dup(tcp4);
    case '6':
        return dup(tcp6);
    case 'u':
        return dup(at_path);
    case 'a':
        return dup(abstract);
    case 'n':
        return dup(stream);
    case 'd':
        return dup(datagram);
    case 's':
    case 'c':
        return pair(ret_far, kind == 'c');
    case 'p':
        return pipe_end(ret_far);
    case 'k':
        return dup(text_file.fd);
    case 'f':
        return dup(nowhere);
    default:
        return -1;
    }
}

/* Where nothing is to be open, something holds the place meanwhile. */
size_t stock_place(const struct input *kinds, const struct input *text)
{
    memory_file_write(&text_file, text);
    if (access(places.path, F_OK) < 0)
        expect(link(kept_path, places.path) == 0);
    for (count = 0; count < kinds->left && count < STOCK_MOST; count++) {
        far_ends[count] = -1;
        placed[count].kind = (char)kinds->at[count];
        int fd = open_kind(placed[count].kind, &far_ends[count]);
        if (fd < 0)
            placed[count].kind = '.';
        else
            expect(fd == STOCK_FIRST + (int)count && fstat(fd, &placed[count].status) == 0);
        if (fd < 0)
            expect(dup(nowhere) == STOCK_FIRST + (int)count);
    }
    for (size_t i = 0; i < count; i++)
        if (!stock_has(i))
            close(STOCK_FIRST + (int)i);
    return count;
}

bool stock_has(size_t n)
{
    return n < count && placed[n].kind != '.';
}

bool stock_listens(size_t n)
{
    return stock_has(n) && strchr("46ua", placed[n].kind);
}

void stock_hang_up(void)
{
    for (size_t i = 0; i < count; i++)
        if (far_ends[i] >= 0) {
            close(far_ends[i]);
            far_ends[i] = -1;
        }
}

void stock_check_untouched(size_t from)
{
    for (size_t i = from; i < count; i++) {
        struct stat status;
        int fd = STOCK_FIRST + (int)i;
        if (!stock_has(i))
            continue;
        expect(fstat(fd, &status) == 0 && status.st_dev == placed[i].status.st_dev &&
               status.st_ino == placed[i].status.st_ino);
        expect(fcntl(fd, F_GETFD) == 0);
    }
}

void stock_clear(size_t received)
{
    stock_check_untouched(received);
    for (size_t i = received; i < count; i++)
        if (stock_has(i))
            close(STOCK_FIRST + (int)i);
    stock_hang_up();
    for (int fd = STOCK_FIRST; fd < HIGH; fd++)
        expect(fcntl(fd, F_GETFD) < 0);
    count = 0;
}
