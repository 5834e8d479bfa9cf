#include "line_log.h"

#include "die.h"
#include "moment.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *line_log_directory;
static const char *line_log_label_text;

struct line_log {
    pthread_t thread;
    int fd;
    FILE *copy; /* used by the thread alone */
    char *copy_path;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    char **lines;
    size_t count;
    size_t room;
    bool ended;
};

static void line_log_add(struct line_log *log, const char *line)
{
    pthread_mutex_lock(&log->lock);
    if (log->count == log->room) {
        log->room = log->room * 2 + 64;
        log->lines = realloc(log->lines, log->room * sizeof(*log->lines));
        if (log->lines == NULL) {
            die("no memory for log lines");
        }
    }
    log->lines[log->count++] = must_copy(line);
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
    if (log->copy != NULL) {
        fprintf(log->copy, "%s\n", line);
        fflush(log->copy);
    }
}

static void *line_log_run(void *context)
{
    struct line_log *log = context;
    FILE *stream = fdopen(log->fd, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    if (stream == NULL) {
        die("cannot read a pipe");
    }
    while ((length = getline(&line, &room, stream)) >= 0) {
        if (length > 0 && line[length - 1] == '\n') {
            line[length - 1] = '\0';
        }
        line_log_add(log, line);
    }
    free(line);
    fclose(stream);
    pthread_mutex_lock(&log->lock);
    log->ended = true;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

static void line_log_open_copy(struct line_log *log, const char *title)
{
    static atomic_uint serial;
    if (line_log_directory == NULL || title == NULL) {
        return;
    }
    unsigned number = atomic_fetch_add(&serial, 1);
    log->copy_path = must_format("%s/%d-%u.log", line_log_directory, (int)getpid(), number);
    log->copy = fopen(log->copy_path, "we");
    if (log->copy != NULL) {
        if (line_log_label_text != NULL) {
            fprintf(log->copy, "%s\n", line_log_label_text);
        }
        fprintf(log->copy, "$ %s\n", title);
        fflush(log->copy);
    }
}

struct line_log *line_log_start(int fd, const char *title)
{
    struct line_log *log = must_calloc(1, sizeof(*log));
    pthread_condattr_t attributes;
    log->fd = fd;
    pthread_mutex_init(&log->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&log->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    line_log_open_copy(log, title);
    if (pthread_create(&log->thread, NULL, line_log_run, log) != 0) {
        die("no thread to read a pipe");
    }
    return log;
}

static bool line_matches(const char *line, const char *words)
{
    for (const char *word = words; *word != '\0';) {
        size_t length = strcspn(word, "|");
        if (memmem(line, strlen(line), word, length) == NULL) {
            return false;
        }
        word += length + (word[length] == '|');
    }
    return true;
}

static size_t line_log_count_from(const struct line_log *log, const char *words, size_t from)
{
    size_t count = 0;
    for (size_t i = from; i < log->count; i++) {
        count += line_matches(log->lines[i], words);
    }
    return count;
}

bool line_log_wait(struct line_log *log, const char *words, size_t count, int ms)
{
    struct timespec end = moment_deadline(ms);
    size_t seen = 0;
    size_t matched = 0;
    bool over = false;
    pthread_mutex_lock(&log->lock);
    for (;;) {
        matched += line_log_count_from(log, words, seen);
        seen = log->count;
        if (matched >= count || over || log->ended) {
            break;
        }
        over = pthread_cond_timedwait(&log->changed, &log->lock, &end) == ETIMEDOUT;
    }
    pthread_mutex_unlock(&log->lock);
    return matched >= count;
}

bool line_log_wait_end(struct line_log *log, int ms)
{
    struct timespec end = moment_deadline(ms > 0 ? ms : 0);
    bool over = false;
    pthread_mutex_lock(&log->lock);
    while (!log->ended && !over) {
        over = pthread_cond_timedwait(&log->changed, &log->lock, &end) == ETIMEDOUT;
    }
    bool ended = log->ended;
    pthread_mutex_unlock(&log->lock);
    return ended;
}

size_t line_log_count(struct line_log *log, const char *words)
{
    pthread_mutex_lock(&log->lock);
    size_t count = line_log_count_from(log, words, 0);
    pthread_mutex_unlock(&log->lock);
    return count;
}

bool line_log_get(struct line_log *log, const char *words, size_t index, char *line, size_t size)
{
    bool found = false;
    pthread_mutex_lock(&log->lock);
    for (size_t i = 0; i < log->count && !found; i++) {
        if (line_matches(log->lines[i], words) && index-- == 0) {
            snprintf(line, size, "%s", log->lines[i]);
            found = true;
        }
    }
    pthread_mutex_unlock(&log->lock);
    return found;
}

bool line_log_read(struct line_log *log, size_t *at, char *line, size_t size)
{
    pthread_mutex_lock(&log->lock);
    bool found = *at < log->count;
    if (found) {
        snprintf(line, size, "%s", log->lines[(*at)++]);
    }
    pthread_mutex_unlock(&log->lock);
    return found;
}

char *line_log_text(struct line_log *log)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        die("no memory for a log");
    }
    pthread_mutex_lock(&log->lock);
    for (size_t i = 0; i < log->count; i++) {
        fprintf(stream, "%s\n", log->lines[i]);
    }
    pthread_mutex_unlock(&log->lock);
    fclose(stream);
    return text;
}

void line_log_stop(struct line_log *log)
{
    pthread_join(log->thread, NULL);
    if (log->copy != NULL) {
        fclose(log->copy);
        unlink(log->copy_path);
    }
    free(log->copy_path);
    for (size_t i = 0; i < log->count; i++) {
        free(log->lines[i]);
    }
    free(log->lines);
    pthread_cond_destroy(&log->changed);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

void line_log_keep(const char *directory)
{
    line_log_directory = directory;
}

void line_log_label(const char *label)
{
    line_log_label_text = label;
}

static void line_log_print_file(const char *path, FILE *stream)
{
    char bytes[4096];
    size_t got;
    FILE *file = fopen(path, "re");
    while (file != NULL && (got = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        fwrite(bytes, 1, got, stream);
    }
    if (file != NULL) {
        fclose(file);
    }
}

int line_log_print_kept(const char *directory, FILE *stream)
{
    int printed = 0;
    DIR *folder = opendir(directory);
    if (folder == NULL) {
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char *path = must_format("%s/%s", directory, entry->d_name);
        fprintf(stream, "--- daemon log of an unfinished test (%s) ---\n", entry->d_name);
        line_log_print_file(path, stream);
        free(path);
        printed++;
    }
    closedir(folder);
    return printed;
}
