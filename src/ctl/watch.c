#include "ctl/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ctl/frame.h"
#include "ctl/http.h"
#include "ctl/rates.h"
#include "ctl/screen.h"
#include "ctl/style.h"

#define PERIOD USEC_PER_SEC

struct watch {
    const struct client *client;
    json_t *status; /* the last one that came */
    struct rates rates;
    struct text trouble; /* empty: none */
    struct http *http;   /* under way, or NULL */
    usec_t next, until;  /* the next look; when this one has taken too long */
    size_t scroll, furthest;
    int signals;
    int key_stage; /* of the sequence that an arrow key sends */
    bool keys;     /* stdin is a terminal */
    int ended_by;  /* a signal, or 0 */
    bool ended;
};

/* --- looking --------------------------------------------------------------------------------- */

static void draw(struct watch *watch)
{
    struct text out = {0};
    struct frame_view view = {.status = watch->status,
                              .rates = &watch->rates,
                              .trouble = watch->trouble.length > 0 ? watch->trouble.bytes : NULL,
                              .scroll = watch->scroll};
    screen_size(&view.width, &view.height);
    watch->furthest = frame_add(&out, &view);
    if (watch->scroll > watch->furthest)
        watch->scroll = watch->furthest;
    watch->ended = watch->ended || screen_write(&out) < 0;
    text_clear(&out);
}

static void take(struct watch *watch, json_t *status)
{
    json_decref(watch->status);
    watch->status = status;
    rates_take(&watch->rates, status);
}

/* The request has ended, well or not. */
static void finish_look(struct watch *watch, int result)
{
    json_t *status = NULL;
    text_clear(&watch->trouble);
    if (result == 0) {
        struct http_reply reply = http_take(watch->http);
        result = reply.status == 200 ? client_parse_status(&reply.body, &status) : -EBADMSG;
        text_clear(&reply.body);
    }
    if (result == 0)
        take(watch, status);
    else
        place_explain(&watch->client->place, result, &watch->trouble);
    http_free(watch->http);
    watch->http = NULL;
    draw(watch);
}

static void go_on_looking(struct watch *watch)
{
    usec_t now = clock_now();
    if (!watch->http && now >= watch->next) {
        watch->http = http_start(&watch->client->place, "GET", "/status");
        watch->next = now + PERIOD;
        watch->until = now + watch->client->timeout;
        if (!watch->http)
            abort();
    }
    if (!watch->http)
        return;
    int result = http_step(watch->http);
    if (result == -EAGAIN && now >= watch->until)
        result = -ETIMEDOUT;
    if (result != -EAGAIN)
        finish_look(watch, result);
}

/* --- keys and signals ------------------------------------------------------------------------ */

static void scroll(struct watch *watch, bool down, size_t lines)
{
    if (down)
        watch->scroll =
            watch->scroll + lines < watch->furthest ? watch->scroll + lines : watch->furthest;
    else
        watch->scroll -= lines < watch->scroll ? lines : watch->scroll;
}

static void scroll_page(struct watch *watch, bool down)
{
    size_t width, height;
    screen_size(&width, &height);
    scroll(watch, down, frame_page(height));
}

/* Arrows send ESC [ A and B, or ESC O A and B; the page keys ESC [ 5 ~ and 6 ~. */
static void take_key(struct watch *watch, char key)
{
    int stage = watch->key_stage;
    watch->key_stage = 0;
    if (stage == 2) {
        if (key == 'A' || key == 'B')
            scroll(watch, key == 'B', 1);
        else if (key == '5' || key == '6')
            scroll_page(watch, key == '6');
    } else if (stage == 1 && (key == '[' || key == 'O')) {
        watch->key_stage = 2;
    } else if (key == '\033') {
        watch->key_stage = 1;
    } else if (key == 'q' || key == 'Q') {
        watch->ended = true;
    } else if (key == 'j' || key == 'k') {
        scroll(watch, key == 'j', 1);
    } else if (key == ' ' || key == 'b') {
        scroll_page(watch, key == ' ');
    }
}

static void take_keys(struct watch *watch)
{
    char keys[64];
    ssize_t count = read(STDIN_FILENO, keys, sizeof keys);
    if (count <= 0 && !(count < 0 && (errno == EINTR || errno == EAGAIN)))
        watch->ended = true; /* the terminal is gone */
    for (ssize_t i = 0; i < count; i++)
        take_key(watch, keys[i]);
    if (!watch->ended)
        draw(watch);
}

static void take_signal(struct watch *watch)
{
    struct signalfd_siginfo info;
    if (read(watch->signals, &info, sizeof info) != sizeof info)
        return;
    switch ((int)info.ssi_signo) {
    case SIGWINCH:
        break;
    case SIGTSTP:
        screen_leave();
        raise(SIGSTOP); /* until somebody has it go on */
        screen_enter();
        break;
    default:
        watch->ended_by = (int)info.ssi_signo;
        watch->ended = true;
        return;
    }
    draw(watch);
}

static void add_signals(sigset_t *set)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(set, signals[i]);
}

/* --- on a terminal --------------------------------------------------------------------------- */

static void wait_for_something(struct watch *watch)
{
    usec_t left = (watch->http ? watch->until : watch->next) - clock_now();
    struct pollfd waits[] = {
        {.fd = watch->signals, .events = POLLIN},
        {.fd = watch->keys ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = watch->http ? http_fd(watch->http) : -1,
         .events = watch->http ? http_events(watch->http) : (short)0},
    };
    if (poll(waits, 3, left > 0 ? (int)(left / USEC_PER_MSEC) + 1 : 0) < 0)
        return;
    if (waits[0].revents)
        take_signal(watch);
    if (waits[1].revents && !watch->ended)
        take_keys(watch);
}

static int run_on_terminal(struct watch *watch)
{
    sigset_t set, before;
    add_signals(&set);
    sigprocmask(SIG_BLOCK, &set, &before);
    watch->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    watch->keys = isatty(STDIN_FILENO);
    watch->next = clock_now() + PERIOD;
    screen_enter();
    draw(watch);
    while (!watch->ended) {
        wait_for_something(watch);
        if (!watch->ended)
            go_on_looking(watch);
    }
    screen_leave();
    close(watch->signals);
    http_free(watch->http);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (watch->ended_by)
        raise(watch->ended_by);
    return CLIENT_DONE;
}

/* --- elsewhere ------------------------------------------------------------------------------- */

static int print_look(const struct watch *watch)
{
    struct text out = {0};
    struct frame_view view = {.status = watch->status, .rates = &watch->rates};
    if (watch->client->json)
        client_add_json(&out, watch->status, JSON_COMPACT);
    else if (watch->rates.all.active.count > 1) /* the first look has no rates */
        frame_add_line(&out, &view);
    int result = client_print(&out);
    text_clear(&out);
    return result;
}

static int run_by_lines(struct watch *watch)
{
    int result;
    while ((result = print_look(watch)) == CLIENT_DONE) {
        json_t *status;
        usec_t now = clock_now();
        watch->next = watch->next + PERIOD > now ? watch->next + PERIOD : now;
        for (usec_t left; (left = watch->next - clock_now()) > 0;)
            poll(NULL, 0, (int)(left / USEC_PER_MSEC) + 1);
        while (client_get_status(watch->client, &status) != 0)
            poll(NULL, 0, PERIOD / USEC_PER_MSEC); /* it has said why */
        take(watch, status);
    }
    return result;
}

int watch_run(const struct client *client, char **arguments)
{
    struct watch watch = {.client = client, .next = clock_now()};
    json_t *status;
    (void)arguments;
    int result = client_get_status(client, &status);
    if (result != 0)
        return result;
    take(&watch, status);
    result = style_knows_codes(STDOUT_FILENO) && !client->json ? run_on_terminal(&watch)
                                                               : run_by_lines(&watch);
    json_decref(watch.status);
    rates_clear(&watch.rates);
    text_clear(&watch.trouble);
    return result;
}
