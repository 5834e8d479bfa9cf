/* The lines that come out of a pipe, read by a thread and kept. Words are a list with '|' between;
 * a line matches when it contains all of them. */
#ifndef TESTLIB_LINE_LOG_H
#define TESTLIB_LINE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct line_log;

/* Starts to read fd, which it closes at its end. With a title (not NULL) a copy goes to the
 * directory of line_log_keep, the title as its first line. */
struct line_log *line_log_start(int fd, const char *title);

/* Waits until count lines match: false when ms milliseconds passed, or at once when the pipe has
 * ended without them. */
bool line_log_wait(struct line_log *log, const char *words, size_t count, int ms);

/* Waits until the writer has closed the pipe. */
bool line_log_wait_end(struct line_log *log, int ms);

size_t line_log_count(struct line_log *log, const char *words);

/* Copies the index-th matching line: false when there is none. */
bool line_log_get(struct line_log *log, const char *words, size_t index, char *line, size_t size);

/* Copies line number *at, whatever it says, and counts *at up: false when there is none by now. */
bool line_log_read(struct line_log *log, size_t *at, char *line, size_t size);

/* Everything so far, to be freed. */
char *line_log_text(struct line_log *log);

/* To be called when the writer has ended: ends the thread, removes the copy, frees. */
void line_log_stop(struct line_log *log);

/* See daemon_keep_logs, daemon_set_label and daemon_print_kept_logs. */
void line_log_keep(const char *directory);
void line_log_label(const char *label);
int line_log_print_kept(const char *directory, FILE *stream);

#endif
