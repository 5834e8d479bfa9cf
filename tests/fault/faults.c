/* Makes each call of redial that can fail do so, once in each place where it is made, and sees that
 * redial says so, or serves on.
 *
 *   faults --faulty LIBRARY [--each N] [--jobs N] [--call NAME [--at N]]
 *
 * --each N: at most N places of each call, spread evenly (0: all of them). One line of figures for
 * each call; the exit status is 1 where something was not as it must be. */
#include "scenario.h"

#include "die.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct plan {
    const char *faulty, *call;
    unsigned long each, at, jobs, job;
};

/* What all lives of one call came to. */
struct tally {
    unsigned long lives, refused, served, unserved, wrong, excused;
};

/* A life without faults: what the others are held to. */
static bool live_well(struct ground *ground, struct life *life)
{
    ground_live(ground, &(struct fault){.call = NULL}, life);
    if (life->fault[0] == '\0' && (life->unserved > 0 || life->blocks < 0))
        snprintf(life->fault, sizeof(life->fault), "%d of %d without an answer", life->unserved,
                 life->unserved + life->answered);
    if (life->fault[0] != '\0')
        printf("FAILED: nothing was made to fail: %s\n", life->fault);
    return life->fault[0] == '\0';
}

static void compare(struct life *life, const struct life *well, const struct fault *fault)
{
    if (life->fault[0] != '\0' || fault->on)
        return;
    if (life->blocks > well->blocks)
        snprintf(life->fault, sizeof(life->fault), "%ld blocks of memory are lost",
                 life->blocks - well->blocks);
    else if (life->descriptors > well->descriptors + LIFE_PIPE)
        snprintf(life->fault, sizeof(life->fault), "%d descriptors are lost",
                 life->descriptors - well->descriptors);
    else if (life->unserved > 1)
        snprintf(life->fault, sizeof(life->fault), "%d questions without an answer for one fault",
                 life->unserved);
}

/* Where libevent 2.1.12 has no memory for an admin client's connection, it frees what it has not
 * made yet, or uses what it has not got. Nobody else can be in between. */
static bool is_libevents_own(const char *trace)
{
    static const char *const places[] = {"(evhttp_request_new+",
                                         "(evhttp_connection_base_bufferevent_new+",
                                         "(bufferevent_setwatermark+"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strstr(trace, places[i]))
            return true;
    return false;
}

/* Returns whether the fault came about. */
static bool live_with(struct ground *ground, const struct life *well, const struct fault *fault,
                      struct tally *tally)
{
    struct life life;
    ground_live(ground, fault, &life);
    if (!life.failed && life.fault[0] == '\0')
        return false;
    compare(&life, well, fault);
    if (is_libevents_own(ground_trace(ground))) {
        tally->excused += life.fault[0] != '\0';
        life.fault[0] = '\0';
    }
    tally->lives++;
    tally->refused += life.refused;
    tally->served += (unsigned long)life.answered;
    tally->unserved += (unsigned long)life.unserved;
    if (life.fault[0] != '\0') {
        tally->wrong++;
        printf("FAILED: %s, the %luth%s: %s\n%s", fault->call, fault->at,
               fault->on ? " and all after it" : "", life.fault, ground_trace(ground));
    }
    return true;
}

/* Once each, and with all after it, in turn. */
static void sweep(struct ground *ground, const struct plan *plan, const struct life *well,
                  const char *call, unsigned long count, struct tally *tally)
{
    unsigned long step = plan->each > 0 && count > plan->each ? count / plan->each : 1;
    for (unsigned long at = 1 + plan->job * step; at <= count; at += step * plan->jobs) {
        live_with(ground, well, &(struct fault){call, at, false}, tally);
        if (at / step % 8 == 1)
            live_with(ground, well, &(struct fault){call, at, true}, tally);
        fflush(stdout);
    }
}

static int run(const struct plan *plan)
{
    struct ground *ground = ground_open(plan->faulty);
    struct life well;
    bool began = live_well(ground, &well), good = began;
    for (size_t i = 0; began && i < LIFE_CALLS_MOST && well.calls[i].name[0] != '\0'; i++) {
        struct tally tally = {0};
        const char *call = well.calls[i].name;
        if (plan->call && strcmp(plan->call, call) != 0)
            continue;
        if (plan->at > 0)
            live_with(ground, &well, &(struct fault){call, plan->at, false}, &tally);
        else
            sweep(ground, plan, &well, call, well.calls[i].count, &tally);
        if (tally.lives > 0)
            printf("%-14s %6lu calls %5lu lives %5lu refused to start %6lu served %4lu not "
                   "%3lu wrong %2lu libevent's own\n",
                   call, well.calls[i].count, tally.lives, tally.refused, tally.served,
                   tally.unserved, tally.wrong, tally.excused);
        fflush(stdout);
        if (tally.wrong > 0)
            good = false;
    }
    ground_close(ground);
    return good ? 0 : 1;
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0')
        die("%s is not a number", text);
    return value;
}

static struct plan read_arguments(int argc, char **argv)
{
    struct plan plan = {.jobs = 1};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--faulty") == 0)
            plan.faulty = argv[i + 1];
        else if (strcmp(argv[i], "--call") == 0)
            plan.call = argv[i + 1];
        else if (strcmp(argv[i], "--each") == 0)
            plan.each = number(argv[i + 1]);
        else if (strcmp(argv[i], "--at") == 0)
            plan.at = number(argv[i + 1]);
        else if (strcmp(argv[i], "--jobs") == 0)
            plan.jobs = number(argv[i + 1]);
    }
    if (!plan.faulty || plan.jobs == 0)
        die("usage: faults --faulty LIBRARY [--each N] [--jobs N] [--call NAME [--at N]]");
    return plan;
}

int main(int argc, char **argv)
{
    struct plan plan = read_arguments(argc, argv);
    int result = 0, status;
    for (plan.job = 0; plan.job < plan.jobs; plan.job++) {
        pid_t child = fork();
        if (child < 0)
            die("fork");
        if (child == 0)
            exit(run(&plan));
    }
    while (wait(&status) > 0)
        result = status != 0 ? 1 : result;
    return result;
}
