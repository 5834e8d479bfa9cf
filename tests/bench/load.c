/* redial-load: the origin and the load of "make bench". See README.md in this folder. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "net.h"
#include "origin.h"
#include "usage.h"

#define SMALL_BODY 200
#define STREAM_BODY (UINT64_C(1) << 50)
#define MIB (UINT64_C(1) << 20)
#define WARM_UP 0.2       /* seconds before the window that is measured */
#define WARM_IDLE 64      /* connections open before the first look at the memory */
#define SETTLE 0.3        /* seconds before the second one */
#define LONGEST_RUN 120.0 /* seconds after which a count that was not reached is a failure */
#define LONGEST_END 10.0  /* seconds for what was due at the end of the window */

static const char help[] =
    "Usage: redial-load origin ADDRESS:PORT...      serve, in the foreground\n"
    "       redial-load ports COUNT                 print free TCP ports\n"
    "       redial-load wait ADDRESS:PORT           until one exchange succeeds, 5 s at most\n"
    "       redial-load short    [OPTIONS] ADDRESS:PORT   a connection for each small request\n"
    "       redial-load requests [OPTIONS] ADDRESS:PORT   small requests on open connections\n"
    "       redial-load stream   [OPTIONS] ADDRESS:PORT   endless responses\n"
    "       redial-load idle     [OPTIONS] ADDRESS:PORT   open connections and leave them idle\n"
    "  -c N        connections at work at a time (32)\n"
    "  -d SECONDS  how long to measure (2), after a short warm-up; or\n"
    "  -n N        how many connections, requests or MiB to do, without a warm-up\n"
    "  -b BYTES    body of a small response (200)\n"
    "  -a          idle: at the next line of standard input each connection makes one request "
    "more\n"
    "  -e          short: the client ends the connection (else the origin does)\n"
    "  -r RATE     short, requests: so many a second, whether or not those before are done\n"
    "  -s N        so many endless responses beside them\n"
    "  -p PID,...  measure these processes\n";

struct task {
    const char *name;
    struct client_plan plan;
    double seconds;
    uint64_t count;
    int streams;
    bool again;
    struct usage usage;
};

/* The endless responses beside the work, in a thread of their own, so that receiving them does not
 * hold up what is measured. */
struct beside {
    struct client *client; /* NULL: none */
    pthread_t thread;
    bool ok;
};

/* What was there at one moment; the figures are the differences of two. */
struct mark {
    double at, cpu;
    uint64_t done, bytes, beside;
};

static void *run_beside(void *arg)
{
    struct beside *beside = arg;

    beside->ok = client_run(beside->client, 0, client_now() + LONGEST_RUN);
    return NULL;
}

static bool start_beside(struct beside *beside, const struct task *task)
{
    const struct client_plan plan = {
        .target = task->plan.target,
        .mode = CLIENT_REUSED,
        .active = task->streams,
        .body = STREAM_BODY,
    };

    if (task->streams == 0)
        return true;
    beside->client = client_new(&plan);
    if (beside->client && (errno = pthread_create(&beside->thread, NULL, run_beside, beside)) == 0)
        return true;
    fprintf(stderr, "redial-load: %s\n", strerror(errno));
    if (beside->client)
        client_free(beside->client);
    return false;
}

static bool end_beside(struct beside *beside)
{
    if (!beside->client)
        return true;
    client_stop(beside->client);
    pthread_join(beside->thread, NULL);
    if (!beside->ok)
        fprintf(stderr, "redial-load: beside: %s\n", client_error(beside->client));
    client_free(beside->client);
    return beside->ok;
}

static struct mark take_mark(const struct task *task, const struct client *client,
                             const struct beside *beside)
{
    return (struct mark){
        .at = client_now(),
        .cpu = usage_cpu(&task->usage),
        .done = client_done(client),
        .bytes = client_bytes(client),
        .beside = beside->client ? client_bytes(beside->client) : 0,
    };
}

static void print_figures(const struct mark *begin, const struct mark *end,
                          const struct histogram *latency)
{
    printf("seconds=%.6f done=%" PRIu64 " bytes=%" PRIu64 " beside=%" PRIu64 " cpu=%.6f",
           end->at - begin->at, end->done - begin->done, end->bytes - begin->bytes,
           end->beside - begin->beside, end->cpu - begin->cpu);
    if (latency->total > 0) {
        printf(" p50_us=%.1f p99_us=%.1f p99.9_us=%.1f latency=",
               (double)histogram_at(latency, 500) / 1e3, (double)histogram_at(latency, 990) / 1e3,
               (double)histogram_at(latency, 999) / 1e3);
        histogram_print(latency, stdout);
    }
    putchar('\n');
}

static bool run_timed(const struct task *task, struct client *client, const struct beside *beside)
{
    if (!client_run(client, 0, client_now() + WARM_UP))
        return false;
    histogram_clear(client_latency(client));
    struct mark begin = take_mark(task, client, beside);
    if (!client_run(client, 0, begin.at + task->seconds))
        return false;
    struct mark end = take_mark(task, client, beside);
    if (task->plan.rate > 0 && !client_finish(client, end.at + LONGEST_END))
        return false;
    print_figures(&begin, &end, client_latency(client));
    return true;
}

static bool run_counted(const struct task *task, struct client *client, const struct beside *beside)
{
    struct mark begin = take_mark(task, client, beside);
    uint64_t goal = task->plan.limit;

    if (!client_run(client, goal, begin.at + LONGEST_RUN) || client_done(client) < goal)
        return false;
    struct mark end = take_mark(task, client, beside);
    print_figures(&begin, &end, client_latency(client));
    return true;
}

static bool run_idle(const struct task *task, struct client *client)
{
    double latest = client_now() + LONGEST_RUN;

    if (!client_run(client, WARM_IDLE, latest) || client_done(client) < WARM_IDLE)
        return false;
    double before = usage_rss(&task->usage);
    uint64_t opened = client_done(client);
    if (!client_run(client, task->plan.limit, latest) || client_done(client) < task->plan.limit)
        return false;
    const struct timespec settle = {.tv_nsec = (long)(SETTLE * 1e9)};
    nanosleep(&settle, NULL);
    printf("opened=%" PRIu64 " rss_before=%.0f rss_after=%.0f\n", client_done(client) - opened,
           before, usage_rss(&task->usage));
    return true;
}

/* Whoever runs us looks at the proxy, writes a line, and then hears what became of them all. */
static bool run_again(const struct task *task, struct client *client)
{
    uint64_t before = client_done(client), all = before + task->plan.limit;

    fflush(stdout);
    while (getchar() != '\n' && !feof(stdin))
        ;
    client_again(client);
    if (!client_run(client, all, client_now() + LONGEST_RUN) || client_done(client) < all)
        return false;
    printf("again=%" PRIu64 "\n", client_done(client) - before);
    return true;
}

static bool run_client(const struct task *task, struct client *client)
{
    struct beside beside = {.client = NULL};
    bool ok;

    if (!start_beside(&beside, task))
        return false;
    if (task->plan.mode == CLIENT_IDLE)
        ok = run_idle(task, client) && (!task->again || run_again(task, client));
    else if (task->count)
        ok = run_counted(task, client, &beside);
    else
        ok = run_timed(task, client, &beside);
    return end_beside(&beside) && ok;
}

static int run_task(const struct task *task)
{
    struct client *client = client_new(&task->plan);

    if (!client) {
        fprintf(stderr, "redial-load: %s: %s\n", task->name, strerror(errno));
        return 1;
    }
    bool ok = run_client(task, client);
    if (!ok) {
        const char *error = client_error(client);
        fprintf(stderr, "redial-load: %s: %s\n", task->name, error ? error : "it took too long");
    }
    client_free(client);
    return ok ? 0 : 1;
}

static bool read_number(const char *text, double *number)
{
    char *end;

    *number = strtod(text, &end);
    return end != text && !*end && *number >= 0;
}

static bool read_option(struct task *task, int option)
{
    double number = 0;

    if (option == 'e') {
        task->plan.client_closes = true;
        return true;
    }
    if (option == 'a') {
        task->again = true;
        return true;
    }
    if (option == 'p')
        return usage_parse(&task->usage, optarg) == 0;
    if (option == '?' || !read_number(optarg, &number))
        return false;
    if (option == 'c')
        task->plan.active = (int)number;
    else if (option == 'd')
        task->seconds = number;
    else if (option == 'n')
        task->count = (uint64_t)number;
    else if (option == 'r')
        task->plan.rate = number;
    else if (option == 's')
        task->streams = (int)number;
    else
        task->plan.body = (uint64_t)number;
    return true;
}

/* Turns the count into exchanges: of a stream, each connection makes one and takes its share. */
static bool complete_plan(struct task *task)
{
    struct client_plan *plan = &task->plan;

    if (plan->active < 1 || (plan->rate > 0 && strcmp(task->name, "idle") == 0))
        return false;
    plan->limit = task->count;
    if (strcmp(task->name, "short") == 0) {
        plan->mode = CLIENT_SHORT;
    } else if (strcmp(task->name, "idle") == 0) {
        plan->mode = CLIENT_IDLE;
        plan->limit = (task->count ? task->count : 1000) + WARM_IDLE;
    } else if (strcmp(task->name, "stream") == 0) {
        plan->mode = CLIENT_REUSED;
        plan->body = task->count ? task->count * MIB / (uint64_t)plan->active : STREAM_BODY;
        plan->limit = task->count ? (uint64_t)plan->active : 0;
    } else if (strcmp(task->name, "requests") == 0) {
        plan->mode = CLIENT_REUSED;
    } else {
        return false;
    }
    return true;
}

static int usage_error(void)
{
    fputs(help, stderr);
    return 2;
}

static int load(int argc, char *argv[])
{
    struct task task = {
        .name = argv[0],
        .seconds = 2,
        .plan = {.active = 32, .body = SMALL_BODY},
    };
    int option;

    while ((option = getopt(argc, argv, "ac:d:n:b:er:s:p:")) != -1) {
        if (!read_option(&task, option))
            return usage_error();
    }
    if (optind != argc - 1 || !net_parse(argv[optind], &task.plan.target) || !complete_plan(&task))
        return usage_error();
    return run_task(&task);
}

static int wait_for(const char *address)
{
    struct client_plan plan = {.active = 1, .limit = 1};
    double latest = client_now() + 5;

    if (!net_parse(address, &plan.target))
        return usage_error();
    while (client_now() < latest) {
        struct client *client = client_new(&plan);
        bool ok = client && client_run(client, 1, latest) && client_done(client) == 1;
        if (client)
            client_free(client);
        if (ok)
            return 0;
        const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
    fprintf(stderr, "redial-load: no answer through %s\n", address);
    return 1;
}

int main(int argc, char *argv[])
{
    const char *command = argc > 1 ? argv[1] : "";

    net_raise_fd_limit();
    if (strcmp(command, "-h") == 0 || strcmp(command, "--help") == 0)
        return fputs(help, stdout) < 0;
    if (argc < 3)
        return usage_error();
    if (strcmp(command, "origin") == 0)
        return origin_serve(argv + 2, argc - 2);
    if (strcmp(command, "ports") == 0)
        return net_print_free_ports(atoi(argv[2]));
    if (strcmp(command, "wait") == 0)
        return wait_for(argv[2]);
    return load(argc - 1, argv + 1);
}
