#include "subject.h"

#include "client.h"
#include "die.h"
#include "moment.h"
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_SIZE = 4 << 20, STATUS_MS = 5000, READY_MS = 10000, STOP_MS = 20000 };

void subject_prepare(struct subject *subject)
{
    subject->dir = tempdir_create();
    snprintf(subject->admin, sizeof(subject->admin), "unix:%s/admin.sock",
             tempdir_path(subject->dir));
    /* successors whose predecessor has ended become children of this process */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        die("cannot be told of successors' ends");
    }
}

void subject_write_global(struct subject *subject, const char *text)
{
    tempdir_write(subject->dir, "conf/redial.conf", "%s", text);
}

void subject_write(struct subject *subject, const char *upstream, const char *text)
{
    char name[64];
    snprintf(name, sizeof(name), "conf/upstreams.d/%s.conf", upstream);
    tempdir_write(subject->dir, name, "%s", text);
}

pid_t subject_pid(const struct subject *subject)
{
    return subject->processes[subject->count - 1];
}

bool subject_start(struct subject *subject, const char *resolver)
{
    char *conf = must_format("%s/conf", tempdir_path(subject->dir));
    const char *arguments[] = {"-w",     "2",       "-c",           conf, "-r",
                               resolver, "--admin", subject->admin, NULL};
    const char *environment[] = {"REDIAL_SET=redial.stop-timeout=10m", NULL};
    struct daemon_options options = {.arguments = arguments, .environment = environment};
    subject->daemon = daemon_start(&options);
    subject->processes[0] = daemon_pid(subject->daemon);
    subject->count = 1;
    free(conf);
    return daemon_wait_ready(subject->daemon, limit_ms(READY_MS));
}

void subject_reload(struct subject *subject, bool broken)
{
    subject->reloads += !broken;
    subject->reloads_broken += broken;
    kill(subject_pid(subject), SIGHUP);
}

void subject_upgrade(struct subject *subject, bool broken)
{
    subject->upgrades += !broken;
    subject->upgrades_broken += broken;
    kill(subject_pid(subject), SIGUSR2);
}

/* --- the log -------------------------------------------------------------------------------- */

/* Lines of sanitizers, which have no level. */
static bool is_report(const char *line)
{
    return strstr(line, "runtime error:") != NULL || strstr(line, "Sanitizer") != NULL;
}

static void read_error(struct subject *subject, const char *line)
{
    if (strstr(line, " the reload failed: ") != NULL) {
        subject->reload_failed++;
    } else if (strstr(line, " the upgrade failed: ") != NULL) {
        subject->upgrade_failed++;
    } else if (strstr(line, " configuration error ") != NULL &&
               subject->reloads_broken + subject->upgrades_broken > 0) {
        return; /* each broken file has one of these, too */
    } else if (subject->errors++ == 0) {
        snprintf(subject->error, sizeof(subject->error), "%.500s", line);
    }
}

static void read_line(struct subject *subject, const char *line)
{
    const char *successor = strstr(line, " upgraded successor=");
    if (strstr(line, "Z error ") != NULL || is_report(line)) {
        read_error(subject, line);
    } else if (strstr(line, "Z info reloaded ") != NULL) {
        subject->reloaded++;
    } else if (successor != NULL) {
        if (subject->count == SUBJECT_PROCESSES) {
            die("more upgrades than there is room for");
        }
        subject->upgraded++;
        subject->processes[subject->count++] = atoi(strchr(successor, '=') + 1);
    }
}

bool subject_is_settled(struct subject *subject)
{
    char line[4096];
    while (daemon_read_line(subject->daemon, &subject->lines_read, line, sizeof(line))) {
        read_line(subject, line);
    }
    return subject->reloaded >= subject->reloads &&
           subject->reload_failed >= subject->reloads_broken &&
           subject->upgraded >= subject->upgrades &&
           subject->upgrade_failed >= subject->upgrades_broken;
}

/* --- the processes -------------------------------------------------------------------------- */

/* Whether a process has ended. Its exit status is kept for who waits for it. A successor becomes a
 * child of ours only when its predecessor is gone. */
static bool process_has_ended(pid_t pid, int *status)
{
    siginfo_t info = {.si_pid = 0};
    *status = 0;
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        return kill(pid, 0) != 0;
    }
    *status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return info.si_pid == pid;
}

const char *subject_fault(struct subject *subject)
{
    static char fault[700];
    int status;
    subject_is_settled(subject);
    for (size_t i = 0; i < subject->count; i++) {
        if (!subject->ended[i] && process_has_ended(subject->processes[i], &status)) {
            subject->ended[i] = true;
            if (status != 0 || i == subject->count - 1) {
                snprintf(fault, sizeof(fault), "redial's process %d ended with status %d",
                         (int)subject->processes[i], status);
                return fault;
            }
        }
    }
    if (subject->errors > 0) {
        snprintf(fault, sizeof(fault), "redial's log has an error: %s", subject->error);
        return fault;
    }
    if (subject->reload_failed > subject->reloads_broken ||
        subject->upgrade_failed > subject->upgrades_broken ||
        subject->reloaded > subject->reloads || subject->upgraded > subject->upgrades) {
        return "a reload or an upgrade went otherwise than it had to";
    }
    return NULL;
}

bool subject_is_alone(struct subject *subject)
{
    if (subject_fault(subject) != NULL) {
        return false;
    }
    for (size_t i = 0; i + 1 < subject->count; i++) {
        if (!subject->ended[i]) {
            return false;
        }
    }
    return true;
}

const char *subject_stop(struct subject *subject)
{
    static char fault[100];
    int status = 0;
    pid_t last = subject_pid(subject);
    kill(last, SIGTERM);
    if (!process_wait_end(last, limit_ms(STOP_MS)) || !process_has_ended(last, &status)) {
        return "redial did not stop";
    }
    int first = daemon_stop(subject->daemon);
    subject->daemon = NULL;
    tempdir_remove(subject->dir);
    if (status != 0 || first != 0) {
        snprintf(fault, sizeof(fault), "redial stopped with status %d, the first process with %d",
                 status, first);
        return fault;
    }
    return NULL;
}

void subject_kill(struct subject *subject)
{
    for (size_t i = 0; i < subject->count; i++) {
        if (!subject->ended[i]) {
            kill(subject->processes[i], SIGKILL);
        }
    }
}

/* --- the admin interface ---------------------------------------------------------------------- */

json_t *subject_status(struct subject *subject)
{
    static const char request[] = "GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n";
    char *text = must_calloc(1, STATUS_SIZE);
    json_t *status = NULL;
    int fd = client_connect(subject->admin, limit_ms(STATUS_MS));
    if (fd >= 0 && client_send(fd, request, sizeof(request) - 1, limit_ms(STATUS_MS)) == 0 &&
        client_receive_all(fd, text, STATUS_SIZE - 1, limit_ms(STATUS_MS)) > 0) {
        const char *body = strstr(text, "\r\n\r\n");
        status = body != NULL ? json_loads(body + 4, 0, NULL) : NULL;
    }
    client_close(fd);
    free(text);
    return status;
}
