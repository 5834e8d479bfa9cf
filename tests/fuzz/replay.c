/* Stands in for libFuzzer, whatever the compiler: runs a target over every file of its corpus, and
 * over every beginning of the small ones. usage: TARGET [DIRECTORY] */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "target.h"

#define SMALL 512           /* bytes */
#define PATIENCE_SECONDS 60 /* for one file and all its beginnings */

static struct {
    char path[512];
    size_t length;
    size_t count;
} now;

/* Called when the process is about to die, by the sanitizer if there is one. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void say_where(void)
{
    dprintf(STDERR_FILENO, "replay: this was the input: the first %zu bytes of %s\n", now.length,
            now.path);
}

static void on_signal(int number)
{
    say_where();
    signal(number, SIG_DFL);
    raise(number);
}

static void watch_death(void)
{
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(say_where);
    } else {
        signal(SIGSEGV, on_signal);
        signal(SIGBUS, on_signal);
        signal(SIGFPE, on_signal);
    }
}

static int fail(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    return 1;
}

/* The target gets a copy of just that size, so that a sanitizer sees what is read behind it. */
static void replay(const uint8_t *data, size_t length)
{
    uint8_t *copy = malloc(length);
    expect(copy || length == 0);
    if (length > 0)
        memcpy(copy, data, length);
    now.length = length;
    now.count++;
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

static int replay_file(const char *directory, const char *name)
{
    static uint8_t data[1 << 20];
    snprintf(now.path, sizeof now.path, "%s/%s", directory, name);
    FILE *file = fopen(now.path, "r");
    if (!file)
        return fail(now.path);
    size_t size = fread(data, 1, sizeof data, file);
    int failed = ferror(file) || !feof(file);
    fclose(file);
    if (failed)
        return fail(now.path);
    alarm(PATIENCE_SECONDS);
    replay(data, size);
    for (size_t length = 0; size <= SMALL && length < size; length++)
        replay(data, length);
    alarm(0);
    return 0;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_directory(const char *directory)
{
    struct dirent **entries;
    int status = 0;
    int count = scandir(directory, &entries, is_input, alphasort);
    if (count < 0)
        return fail(directory);
    for (int i = 0; i < count; i++) {
        status |= replay_file(directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (count == 0)
        fprintf(stderr, "replay: %s: there is nothing to replay\n", directory);
    printf("replayed %zu inputs, from %d files of %s\n", now.count, count, directory);
    return status || count == 0;
}

/* fuzz_NAME has its corpus in corpus/NAME. */
int main(int argc, char **argv)
{
    static const char prefix[] = "fuzz_";
    char directory[256];
    const char *source = getenv("srcdir"), *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    watch_death();
    if (argc > 1)
        return replay_directory(argv[1]);
    if (strncmp(name, prefix, strlen(prefix)) == 0)
        name += strlen(prefix);
    snprintf(directory, sizeof directory, "%s/tests/fuzz/corpus/%s", source ? source : ".", name);
    return replay_directory(directory);
}
