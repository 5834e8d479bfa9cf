/* SIGUSR2: a successor takes over, and who talks to this process is heard to the end. */
#include "ask.h"
#include "bed.h"
#include "process.h"
#include "tempdir.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pid_t successor(struct daemon *daemon)
{
    char line[512];
    int pid = 0;
    ck_assert(daemon_wait_line(daemon, " upgraded |successor=", limit_ms(10000)));
    ck_assert(daemon_get_line(daemon, " upgraded |successor=", 0, line, sizeof(line)));
    ck_assert_int_eq(sscanf(strstr(line, "successor="), "successor=%d", &pid), 1);
    return pid;
}

/* No client is there, so the old process has nothing to stay for but those who have asked it. */
START_TEST(who_asks_the_old_process_is_answered)
{
    struct bed bed;
    struct tempdir *dir = tempdir_create();
    char admin[160];
    bed_open(&bed);
    bed_add(&bed, PEER_IDENTIFY, 2);
    snprintf(admin, sizeof(admin), "unix:%s/admin.sock", tempdir_path(dir));
    bed_run(&bed, "-o redial.admin=%s %s=127.0.0.2:%u", admin, bed.listen, bed.port);
    int health = ask_begin(admin, "GET /healthz"), ready = ask_begin(admin, "GET /readyz");
    int reload = ask_begin(admin, "POST /reload"), config = ask_begin(admin, "GET /config");
    daemon_signal(bed.daemon, SIGUSR2);
    pid_t pid = successor(bed.daemon);
    ck_assert(daemon_wait_line(bed.daemon, " stopped ", limit_ms(10000)));
    bed_expect(&bed, 2);
    ask_end(health, 200, NULL);
    ask_end(ready, 200, NULL);
    ask_end(reload, 503, NULL);
    ask_end(config, 200, NULL);
    /* its log is the successor's too, so that it does not end with it */
    ck_assert(process_wait_end(daemon_pid(bed.daemon), limit_ms(5000)));
    ask(admin, "GET /readyz", 200, NULL); /* of the successor */
    kill(pid, SIGTERM);
    bed_close(&bed);
    tempdir_remove(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upgrade");
    BED_TEST(suite, who_asks_the_old_process_is_answered, 1, 60);
    return bed_main(suite);
}
