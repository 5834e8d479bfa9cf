/* redial in storms, drawn by chance from a seed, with a model that knows what must hold.
 * usage: chaos [--seconds N] [--seed N] [--mutant KIND] */
#include "backend.h"
#include "ledger.h"
#include "moment.h"
#include "mutant.h"
#include "rest.h"
#include "stage.h"
#include "storm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STORM_LEAST_MS = 2500, STORM_SPREAD_MS = 3500, STORM_SHORTEST_MS = 1000 };

static struct stage stage;

/* Whatever ends this program, redial's later processes are nobody's children. */
static void on_signal(int number)
{
    subject_kill(&stage.subject);
    signal(number, SIG_DFL);
    raise(number);
}

static void usage(void)
{
    fprintf(stderr, "usage: chaos [--seconds N] [--seed N] [--mutant KIND]\n");
    exit(2);
}

/* As drawn, but for the last one, which may be short. */
static int storm_length(int64_t end)
{
    int drawn = STORM_LEAST_MS + (int)dice_below(&stage.steps, STORM_SPREAD_MS);
    int left = (int)(end - moment_ms());
    return drawn < left ? drawn : left > STORM_SHORTEST_MS ? left : STORM_SHORTEST_MS;
}

static bool run(int seconds, uint64_t seed, const char *mutant)
{
    struct rest rest = {.clients = 0};
    printf("chaos: seed %llu, %d s%s%s\n", (unsigned long long)seed, seconds,
           mutant != NULL ? ", mutant " : "", mutant != NULL ? mutant : "");
    stage_open(&stage, seed, mutant);
    rest_begin(&stage, &rest);
    int64_t end = moment_ms() + (int64_t)seconds * 1000;
    while (stage.fault == NULL && moment_ms() < end) {
        stage.caller_count = 0;
        ledger_begin(stage.ledger, ++stage.storm);
        stage_say(&stage, "storm %u", stage.storm);
        storm_run(&stage, storm_length(end));
        rest_take(&stage, &rest);
    }
    const struct subject *subject = &stage.subject;
    unsigned refused = subject->reloads_broken + subject->upgrades_broken;
    unsigned reloads = subject->reloads, upgrades = subject->upgrades, storms = stage.storm;
    bool good = stage_close(&stage);
    printf("chaos: seed %llu: %u storms, %llu clients (%llu whole, %llu left, %llu broken by "
           "backends, %llu before their head), %.1f MB, %u reloads, %u upgrades, %u broken files: "
           "%s\n",
           (unsigned long long)seed, storms, (unsigned long long)rest.clients,
           (unsigned long long)rest.whole, (unsigned long long)rest.left,
           (unsigned long long)rest.broken, (unsigned long long)rest.unmet,
           (double)rest.bytes / 1e6, reloads, upgrades, refused, good ? "all holds" : stage.fault);
    if (!good) {
        printf("chaos: again with CHAOS_SEED=%llu CHAOS_SECONDS=%d\n", (unsigned long long)seed,
               seconds);
    }
    return good;
}

int main(int argc, char **argv)
{
    int seconds = 25;
    uint64_t seed = 1;
    const char *mutant = NULL;
    if (argc == 6 && strcmp(argv[1], "--backend") == 0) {
        return backend_main(argv + 2);
    }
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) {
            usage();
        } else if (strcmp(argv[i], "--seconds") == 0) {
            seconds = atoi(argv[i + 1]);
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--mutant") == 0 && mutant_is_known(argv[i + 1])) {
            mutant = argv[i + 1];
        } else {
            usage();
        }
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGABRT, on_signal);
    return run(seconds, seed, mutant) ? EXIT_SUCCESS : EXIT_FAILURE;
}
