/* redial under test: its files, its processes (each upgrade has a new one), its log. */
#ifndef CHAOS_SUBJECT_H
#define CHAOS_SUBJECT_H

#include "daemon.h"
#include "tempdir.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

enum { SUBJECT_PROCESSES = 512 };

struct subject {
    struct tempdir *dir;
    struct daemon *daemon;
    char admin[128];                    /* "unix:PATH" */
    pid_t processes[SUBJECT_PROCESSES]; /* the last one is the main process */
    bool ended[SUBJECT_PROCESSES];
    size_t count;
    size_t lines_read; /* of the log */
    /* What the log said, and what it must have said by now. */
    unsigned reloaded, reload_failed, upgraded, upgrade_failed;
    unsigned reloads, reloads_broken, upgrades, upgrades_broken;
    unsigned errors; /* lines that the model did not cause */
    char error[512]; /* the first of them */
};

/* Writes redial.conf; then, for each upstream, its file. */
void subject_prepare(struct subject *subject);
void subject_write_global(struct subject *subject, const char *text);
void subject_write(struct subject *subject, const char *upstream, const char *text);

/* Starts redial with the resolver "127.0.0.1:53": false when it is never ready. */
bool subject_start(struct subject *subject, const char *resolver);

pid_t subject_pid(const struct subject *subject);

/* Signals the main process; broken: its files are, so that it must refuse. */
void subject_reload(struct subject *subject, bool broken);
void subject_upgrade(struct subject *subject, bool broken);

/* Reads what is new in the log: whether every reload and upgrade has had its answer. */
bool subject_is_settled(struct subject *subject);

/* What is wrong with the processes or the log, or NULL. */
const char *subject_fault(struct subject *subject);

/* Whether the main process is the only one. */
bool subject_is_alone(struct subject *subject);

/* GET /status of the main process, or NULL. */
json_t *subject_status(struct subject *subject);

/* Ends it: what was wrong then, or NULL. */
const char *subject_stop(struct subject *subject);

/* Ends whatever is left of it, for a test that failed. */
void subject_kill(struct subject *subject);

#endif
