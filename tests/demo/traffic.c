#include "traffic.h"

#include "screen.h"

#include "tests/lib/client.h"
#include "tests/lib/moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MS = 5000, DRAW_EVERY_MS = 60, BAR_LENGTH = 40, PAUSE_MS = 5 };

/* An HTTP answer is its head, an empty line, and here one line of body. */
static int read_backend_number(int fd)
{
    char line[256];
    int number;
    int status = client_receive_line(fd, line, sizeof(line), limit_ms(ANSWER_MS));
    if (status != 0 || strstr(line, " 200 ") == NULL) {
        return 0;
    }
    while (status == 0 && strcmp(line, "\r") != 0 && line[0] != '\0') {
        status = client_receive_line(fd, line, sizeof(line), limit_ms(ANSWER_MS));
    }
    if (status != 0 || client_receive_line(fd, line, sizeof(line), limit_ms(ANSWER_MS)) != 0 ||
        sscanf(line, "hello from backend %d", &number) != 1) {
        return 0;
    }
    return number > 0 && number <= STAGE_BACKENDS ? number : 0;
}

void traffic_request(struct traffic *traffic, const struct stage *stage)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: " STAGE_NAME "\r\n\r\n";
    int number = 0;
    int fd = client_connect(stage->listen, limit_ms(ANSWER_MS));
    if (fd >= 0 && client_send(fd, request, strlen(request), limit_ms(ANSWER_MS)) == 0) {
        number = read_backend_number(fd);
    }
    client_close(fd);
    traffic->sent++;
    if (number > 0) {
        traffic->served[number]++;
    } else {
        traffic->failed++;
    }
}

static bool is_shown(const struct traffic *traffic, const struct stage *stage, int number)
{
    return stage->backends[number].published || traffic->served[number] > 0;
}

/* Draws a bar for each backend in the DNS; returns how many lines that took. */
static int draw(const struct traffic *traffic, const struct stage *stage, unsigned full)
{
    int lines = 0;
    for (int i = 1; i <= STAGE_BACKENDS; i++) {
        if (is_shown(traffic, stage, i)) {
            char label[64];
            unsigned served = traffic->served[i];
            snprintf(label, sizeof(label), "backend %d%s", i,
                     stage->backends[i].alive ? "" : " (dead)");
            screen_bar(label, served, full > 0 ? (int)(served * BAR_LENGTH / full) : 0, true);
            lines++;
        }
    }
    if (traffic->failed > 0) {
        screen_bar("failed", traffic->failed, 1, false);
        lines++;
    }
    return lines;
}

static void pause_ms(int64_t ms)
{
    if (ms > 0) {
        nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    }
}

void traffic_send(struct traffic *traffic, const struct stage *stage, unsigned count, int ms)
{
    int64_t start = moment_ms();
    int64_t drawn = start;
    int lines = 0;
    for (unsigned i = 0; i < count; i++) {
        traffic_request(traffic, stage);
        pause_ms(start + (int64_t)ms * (i + 1) / count - moment_ms());
        if (screen_is_terminal() && moment_ms() - drawn >= DRAW_EVERY_MS) {
            screen_up(lines);
            lines = draw(traffic, stage, count);
            drawn = moment_ms();
        }
    }
    screen_up(lines);
    draw(traffic, stage, count);
}

int traffic_send_until(struct traffic *traffic, const struct stage *stage, int number, int ms)
{
    int64_t start = moment_ms();
    while (traffic->served[number] == 0) {
        if (moment_ms() - start > ms) {
            return -1;
        }
        traffic_request(traffic, stage);
        pause_ms(PAUSE_MS);
    }
    return (int)(moment_ms() - start);
}
