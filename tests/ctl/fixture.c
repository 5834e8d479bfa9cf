#include "fixture.h"

#include "client.h"
#include "die.h"
#include "moment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIXTURE_ROUTES = 16,
    FIXTURE_REQUESTS = 1024,
    FIXTURE_REQUEST_SIZE = 4096,
    FIXTURE_OPEN = 64
};

enum fixture_manner { FIXTURE_SAYS, FIXTURE_HANGS, FIXTURE_IS_ENDLESS };

struct fixture_route {
    char *request;
    char *bytes;
    size_t length;
    enum fixture_manner manner;
};

struct fixture {
    int listener;
    int stop[2]; /* a pipe: its end wakes the thread */
    char *path;  /* of a Unix socket */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fixture_route routes[FIXTURE_ROUTES];
    size_t route_count;
    char *requests[FIXTURE_REQUESTS];
    size_t request_count;
    int open[FIXTURE_OPEN]; /* those that hang */
    size_t open_count;
};

/* --- what is said ---------------------------------------------------------------------------- */

static void fixture_route(struct fixture *fixture, const char *request, const void *bytes,
                          size_t length, enum fixture_manner manner)
{
    struct fixture_route route = {must_copy(request), must_calloc(1, length + 1), length, manner};
    memcpy(route.bytes, bytes, length);
    pthread_mutex_lock(&fixture->lock);
    size_t i = 0;
    while (i < fixture->route_count && strcmp(fixture->routes[i].request, request) != 0) {
        i++;
    }
    if (i < fixture->route_count) {
        free(fixture->routes[i].request);
        free(fixture->routes[i].bytes);
    } else if (fixture->route_count++ == FIXTURE_ROUTES) {
        die("too many routes");
    }
    fixture->routes[i] = route;
    pthread_mutex_unlock(&fixture->lock);
}

void fixture_set(struct fixture *fixture, const char *request, int status, const char *body)
{
    const char *type = *body == '{' ? "application/json" : "text/plain; charset=utf-8";
    char *all = must_format("HTTP/1.1 %d Whatever\r\nContent-Type: %s\r\n"
                            "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                            status, type, strlen(body), body);
    fixture_route(fixture, request, all, strlen(all), FIXTURE_SAYS);
    free(all);
}

void fixture_set_file(struct fixture *fixture, const char *request, const char *path)
{
    FILE *file = fopen(path, "re");
    char *body = NULL;
    size_t size = 0;
    if (file == NULL || getdelim(&body, &size, '\0', file) < 0) {
        die("cannot read %s", path);
    }
    fclose(file);
    fixture_set(fixture, request, 200, body);
    free(body);
}

void fixture_set_raw(struct fixture *fixture, const char *request, const void *bytes, size_t length)
{
    fixture_route(fixture, request, bytes, length, FIXTURE_SAYS);
}

void fixture_set_hanging(struct fixture *fixture, const char *request, const char *bytes)
{
    fixture_route(fixture, request, bytes, strlen(bytes), FIXTURE_HANGS);
}

void fixture_set_endless(struct fixture *fixture, const char *request)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
    fixture_route(fixture, request, head, sizeof(head) - 1, FIXTURE_IS_ENDLESS);
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Reads up to the empty line: false when there is none in time. */
static bool fixture_read(int fd, char *request)
{
    size_t length = 0;
    request[0] = '\0';
    while (strstr(request, "\r\n\r\n") == NULL) {
        ssize_t count =
            client_receive(fd, request + length, FIXTURE_REQUEST_SIZE - 1 - length, limit_ms(5000));
        if (count <= 0) {
            return false;
        }
        length += (size_t)count;
        request[length] = '\0';
    }
    return true;
}

static bool fixture_matches(const struct fixture_route *route, const char *request)
{
    size_t length = strlen(route->request);
    return strncmp(route->request, request, length) == 0 && request[length] == ' ';
}

static void fixture_say_for_ever(int fd)
{
    static const char bytes[65536];
    while (client_send(fd, bytes, sizeof(bytes), limit_ms(5000)) == 0) {
    }
}

/* Answers; false when the connection is to stay open. */
static bool fixture_answer(int fd, const struct fixture_route *route)
{
    static const char unknown[] = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n\r\n"
                                  "the test has no such route\n";
    if (route == NULL) {
        client_send(fd, unknown, sizeof(unknown) - 1, limit_ms(5000));
        return true;
    }
    client_send(fd, route->bytes, route->length, limit_ms(5000));
    if (route->manner == FIXTURE_IS_ENDLESS) {
        fixture_say_for_ever(fd);
    }
    return route->manner != FIXTURE_HANGS;
}

static void fixture_serve(struct fixture *fixture, int fd)
{
    char request[FIXTURE_REQUEST_SIZE];
    struct fixture_route route = {.request = NULL};
    if (!fixture_read(fd, request)) {
        client_close(fd);
        return;
    }
    pthread_mutex_lock(&fixture->lock);
    if (fixture->request_count == FIXTURE_REQUESTS) {
        die("too many requests");
    }
    fixture->requests[fixture->request_count++] = must_copy(request);
    for (size_t i = 0; i < fixture->route_count; i++) {
        if (fixture_matches(&fixture->routes[i], request)) {
            route = fixture->routes[i];
            route.bytes = must_calloc(1, route.length + 1);
            memcpy(route.bytes, fixture->routes[i].bytes, route.length);
        }
    }
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
    if (fixture_answer(fd, route.request != NULL ? &route : NULL)) {
        client_close(fd);
    } else if (fixture->open_count == FIXTURE_OPEN) {
        die("too many connections hang");
    } else {
        fixture->open[fixture->open_count++] = fd;
    }
    free(route.bytes);
}

static void *fixture_run(void *argument)
{
    struct fixture *fixture = argument;
    struct pollfd waits[] = {{.fd = fixture->listener, .events = POLLIN},
                             {.fd = fixture->stop[0], .events = POLLIN}};
    for (;;) {
        if (poll(waits, 2, -1) < 0 && errno != EINTR) {
            die("poll");
        }
        if (waits[1].revents != 0) {
            return NULL;
        }
        int fd = accept4(fixture->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            fixture_serve(fixture, fd);
        }
    }
}

struct fixture *fixture_start(const char *address)
{
    struct fixture *fixture = must_calloc(1, sizeof(*fixture));
    struct sockaddr_storage storage;
    int on = 1;
    socklen_t length = client_parse_address(address, &storage);
    fixture->listener = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fixture->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (length == 0 || bind(fixture->listener, (struct sockaddr *)&storage, length) != 0 ||
        listen(fixture->listener, 64) != 0 || pipe2(fixture->stop, O_CLOEXEC) != 0) {
        die("cannot listen on %s", address);
    }
    fixture->path = strncmp(address, "unix:", 5) == 0 ? must_copy(address + 5) : NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&fixture->lock, NULL);
    pthread_cond_init(&fixture->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&fixture->thread, NULL, fixture_run, fixture) != 0) {
        die("no thread for the fixture");
    }
    return fixture;
}

/* --- what was asked -------------------------------------------------------------------------- */

size_t fixture_count(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    size_t count = fixture->request_count;
    pthread_mutex_unlock(&fixture->lock);
    return count;
}

bool fixture_wait(struct fixture *fixture, size_t count, int ms)
{
    struct timespec end = moment_deadline(ms);
    int result = 0;
    pthread_mutex_lock(&fixture->lock);
    while (fixture->request_count < count && result == 0) {
        result = pthread_cond_timedwait(&fixture->changed, &fixture->lock, &end);
    }
    bool done = fixture->request_count >= count;
    pthread_mutex_unlock(&fixture->lock);
    return done;
}

/* The line of a request that begins with this ("" the first one), to be freed, or NULL. */
static char *fixture_line(struct fixture *fixture, size_t index, const char *begin)
{
    char *found = NULL;
    pthread_mutex_lock(&fixture->lock);
    const char *line = index < fixture->request_count ? fixture->requests[index] : NULL;
    while (line != NULL && found == NULL) {
        if (strncasecmp(line, begin, strlen(begin)) == 0) {
            found = strndup(line, strcspn(line, "\r"));
        }
        line = strstr(line, "\r\n");
        line = line != NULL ? line + 2 : NULL;
    }
    pthread_mutex_unlock(&fixture->lock);
    return found;
}

char *fixture_request(struct fixture *fixture, size_t index)
{
    char *line = fixture_line(fixture, index, "");
    char *version = line != NULL ? strstr(line, " HTTP/1.0") : NULL;
    if (version != NULL) {
        *version = '\0';
    }
    return line;
}

char *fixture_header(struct fixture *fixture, size_t index, const char *name)
{
    return fixture_line(fixture, index, name);
}

void fixture_stop(struct fixture *fixture)
{
    if (fixture == NULL) {
        return;
    }
    close(fixture->stop[1]);
    pthread_join(fixture->thread, NULL);
    close(fixture->stop[0]);
    close(fixture->listener);
    for (size_t i = 0; i < fixture->open_count; i++) {
        close(fixture->open[i]);
    }
    if (fixture->path != NULL) {
        unlink(fixture->path);
    }
    for (size_t i = 0; i < fixture->route_count; i++) {
        free(fixture->routes[i].request);
        free(fixture->routes[i].bytes);
    }
    for (size_t i = 0; i < fixture->request_count; i++) {
        free(fixture->requests[i]);
    }
    free(fixture->path);
    pthread_cond_destroy(&fixture->changed);
    pthread_mutex_destroy(&fixture->lock);
    free(fixture);
}
