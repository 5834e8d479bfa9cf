#include "crowd.h"

#include "client.h"
#include "die.h"
#include "moment.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { CROWD_ANSWER_SIZE = 64 };

struct crowd_member {
    int fd;
    bool reset;    /* as soon as it was connected */
    size_t length; /* of the answer so far */
    char answer[CROWD_ANSWER_SIZE];
};

struct crowd {
    size_t count;
    struct crowd_member *members;
    struct pollfd *polls; /* one a member; fd -1 where nothing is awaited */
};

/* What a member does when its descriptor is ready; false when it awaits nothing more. */
typedef bool crowd_step_fn(struct crowd *crowd, size_t index, void *context);

/* Polls the members that await something until none does or ms passed: true when none does. */
static bool crowd_run(struct crowd *crowd, short events, crowd_step_fn *step, void *context, int ms)
{
    int64_t end = moment_ms() + ms;
    size_t waiting = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        crowd->polls[i].fd = crowd->members[i].reset ? -1 : crowd->members[i].fd;
        crowd->polls[i].events = events;
        waiting += crowd->polls[i].fd >= 0;
    }
    while (waiting > 0) {
        int64_t left = end - moment_ms();
        if (left <= 0) {
            return false;
        }
        int ready = poll(crowd->polls, crowd->count, (int)left);
        for (size_t i = 0; ready > 0 && i < crowd->count; i++) {
            if (crowd->polls[i].fd >= 0 && crowd->polls[i].revents != 0 &&
                !step(crowd, i, context)) {
                crowd->polls[i].fd = -1;
                waiting--;
            }
        }
    }
    return true;
}

static bool crowd_connected(struct crowd *crowd, size_t index, void *context)
{
    int *error = context;
    int result = client_connect_finish(crowd->members[index].fd, 0);
    crowd->members[index].reset = result == -ECONNRESET;
    if (result != 0 && result != -ECONNRESET && *error == 0) {
        *error = -result;
    }
    return false;
}

struct crowd *crowd_connect(const char *address, size_t count, int ms)
{
    struct crowd *crowd = must_calloc(1, sizeof(*crowd));
    int error = 0;
    crowd->count = count;
    crowd->members = must_calloc(count, sizeof(*crowd->members));
    crowd->polls = must_calloc(count, sizeof(*crowd->polls));
    for (size_t i = 0; i < count; i++) {
        crowd->members[i].fd = client_connect_start(address, 0);
        if (crowd->members[i].fd < 0 && error == 0) {
            error = -crowd->members[i].fd;
        }
    }
    if (error == 0 && !crowd_run(crowd, POLLOUT, crowd_connected, &error, ms)) {
        error = ETIMEDOUT;
    }
    if (error != 0) {
        crowd_close(crowd);
        errno = error;
        return NULL;
    }
    return crowd;
}

static bool crowd_receive_answer(struct crowd *crowd, size_t index, void *context)
{
    size_t *answered = context;
    struct crowd_member *member = &crowd->members[index];
    char *to = member->answer + member->length;
    ssize_t got = recv(member->fd, to, CROWD_ANSWER_SIZE - 1 - member->length, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    if (got <= 0) {
        member->answer[member->length] = '\0';
        return false;
    }
    member->length += (size_t)got;
    member->answer[member->length] = '\0';
    char *newline = strchr(member->answer, '\n');
    if (newline == NULL) {
        return member->length + 1 < CROWD_ANSWER_SIZE;
    }
    *newline = '\0';
    ++*answered;
    return false;
}

size_t crowd_ask(struct crowd *crowd, const char *line, int ms)
{
    size_t answered = 0;
    char *question = must_format("%s\n", line);
    for (size_t i = 0; i < crowd->count; i++) {
        crowd->members[i].length = 0;
        crowd->members[i].answer[0] = '\0';
        if (crowd->members[i].fd >= 0 && !crowd->members[i].reset) {
            client_send(crowd->members[i].fd, question, strlen(question), ms);
        }
    }
    free(question);
    crowd_run(crowd, POLLIN, crowd_receive_answer, &answered, ms);
    return answered;
}

const char *crowd_answer(const struct crowd *crowd, size_t index)
{
    return crowd->members[index].answer;
}

size_t crowd_count_answer(const struct crowd *crowd, const char *answer)
{
    size_t count = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        count += strcmp(crowd->members[i].answer, answer) == 0;
    }
    return count;
}

static bool crowd_receive_end(struct crowd *crowd, size_t index, void *context)
{
    struct crowd_ends *ends = context;
    char bytes[4096];
    ssize_t got = recv(crowd->members[index].fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) {
        return true;
    }
    ends->ended += got == 0;
    ends->reset += got < 0;
    return false;
}

struct crowd_ends crowd_wait_ends(struct crowd *crowd, int ms)
{
    struct crowd_ends ends = {0, 0, 0};
    size_t members = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        members += crowd->members[i].fd >= 0;
        ends.reset += crowd->members[i].reset;
    }
    crowd_run(crowd, POLLIN, crowd_receive_end, &ends, ms);
    ends.open = members - ends.ended - ends.reset;
    return ends;
}

size_t crowd_size(const struct crowd *crowd)
{
    return crowd->count;
}

int crowd_fd(const struct crowd *crowd, size_t index)
{
    return crowd->members[index].fd;
}

void crowd_close_one(struct crowd *crowd, size_t index)
{
    client_close(crowd->members[index].fd);
    crowd->members[index].fd = -1;
    crowd->members[index].reset = false;
}

void crowd_close(struct crowd *crowd)
{
    if (crowd == NULL) {
        return;
    }
    for (size_t i = 0; i < crowd->count; i++) {
        client_close(crowd->members[i].fd);
    }
    free(crowd->members);
    free(crowd->polls);
    free(crowd);
}
