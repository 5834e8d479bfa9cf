/* The built redial as a child process: its standard error is read by a thread and kept by lines.
 * It is run from $REDIAL, or else ./redial; $REDIAL_WRAP ("valgrind -q") is put before it, split at
 * spaces. The child is killed by the kernel when the thread that started it ends, so a failed test
 * leaves none behind. Bad arguments and lack of memory abort the process. */
#ifndef TESTLIB_DAEMON_H
#define TESTLIB_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct daemon;

struct daemon_options {
    const char *const *arguments;   /* after the program's name, NULL at the end; NULL: none */
    const char *const *environment; /* "NAME=VALUE" to add, NULL at the end; NULL: none. REDIAL_* of
                                       this process's own environment are not handed on */
    unsigned descriptors;           /* RLIMIT_NOFILE, soft and hard; 0: unchanged */
    const char *program;            /* another program than redial; NULL: redial */
};

/* Starts the daemon; does not wait until it is ready. Never NULL. */
struct daemon *daemon_start(const struct daemon_options *options);

/* The same with the arguments as a list that ends with NULL. */
struct daemon *daemon_start_with(const char *first, ...) __attribute__((sentinel));

/* Waits for the line that says that all listeners accept: false when ms milliseconds passed or the
 * daemon ended. */
bool daemon_wait_ready(struct daemon *daemon, int ms);

/* Waits for a line, past or to come, that contains every word of a list with '|' between
 * ("endpoints changed|count=3"): false when ms milliseconds passed, or at once when the log ended
 * without it. */
bool daemon_wait_line(struct daemon *daemon, const char *words, int ms);

/* The same for at least count such lines. */
bool daemon_wait_lines(struct daemon *daemon, const char *words, size_t count, int ms);

/* How many such lines there are by now. */
size_t daemon_count_lines(struct daemon *daemon, const char *words);

/* Writes the index-th such line (0: the first) into line: false when there is none. */
bool daemon_get_line(struct daemon *daemon, const char *words, size_t index, char *line,
                     size_t size);

/* Writes line number *at of the log (0: the first) into line and counts *at up: false when there is
 * none by now. For who reads a long log as it grows. */
bool daemon_read_line(struct daemon *daemon, size_t *at, char *line, size_t size);

/* The whole standard error (or standard output) so far, to be freed. */
char *daemon_log(struct daemon *daemon);
char *daemon_output(struct daemon *daemon);

pid_t daemon_pid(const struct daemon *daemon);

/* Sends a signal, if it has not been waited for yet. */
void daemon_signal(struct daemon *daemon, int signal_number);

/* SIGSTOP, and waits until none of its threads runs any more. SIGCONT ends it. */
void daemon_freeze(struct daemon *daemon);

/* Waits until it has ended and its log is whole: the exit status, 128 + signal, or -ETIMEDOUT. */
int daemon_wait_exit(struct daemon *daemon, int ms);

/* From /proc; -1 when it has ended. */
long daemon_rss_kb(const struct daemon *daemon);
double daemon_cpu_seconds(const struct daemon *daemon); /* user and system, 10 ms steps */
int daemon_descriptors(const struct daemon *daemon);
int daemon_threads(const struct daemon *daemon);

/* Ends it: SIGTERM if it still runs, SIGKILL when that took longer than 10 s (scaled). Frees, and
 * returns the exit status as daemon_wait_exit does. NULL is allowed and gives 0. */
int daemon_stop(struct daemon *daemon);

/* Where logs of failed tests are kept: each log is also written to a file in this directory, which
 * daemon_stop removes again; what is left belongs to tests that did not come to their end. NULL:
 * nowhere (the default). Not copied. */
void daemon_keep_logs(const char *directory);

/* What the kept logs of daemons started from now on begin with, such as the test's name. Not
 * copied; NULL: nothing. */
void daemon_set_label(const char *label);

/* Prints the files that were left in a directory of daemon_keep_logs: how many there were. */
int daemon_print_kept_logs(const char *directory, FILE *stream);

#endif
