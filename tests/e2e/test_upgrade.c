/* SIGUSR2: a successor takes over, and who talks to this process is heard to the end. */
#include "bed.h"
#include "tempdir.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Asks in two halves, with an upgrade between them. */
static int begin_request(const char *admin, const char *half)
{
    int fd = client_connect(admin, limit_ms(5000));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(client_send(fd, half, strlen(half), limit_ms(5000)), 0);
    return fd;
}

static void end_request(int fd, const char *status)
{
    static const char rest[] = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char answer[4096];
    ck_assert_int_eq(client_send(fd, rest, strlen(rest), limit_ms(5000)), 0);
    ssize_t length = client_receive_all(fd, answer, sizeof(answer) - 1, limit_ms(5000));
    ck_assert_int_gt(length, 0);
    answer[length] = '\0';
    ck_assert_msg(strncmp(answer + strlen("HTTP/1.1 "), status, 3) == 0, "%s", answer);
    client_close(fd);
}

static pid_t successor(struct daemon *daemon)
{
    char line[512];
    int pid = 0;
    ck_assert(daemon_wait_line(daemon, " upgraded |successor=", limit_ms(10000)));
    ck_assert(daemon_get_line(daemon, " upgraded |successor=", 0, line, sizeof(line)));
    ck_assert_int_eq(sscanf(strstr(line, "successor="), "successor=%d", &pid), 1);
    return pid;
}

/* Its log is the successor's too, so that it does not end with it. */
static void wait_gone(const struct daemon *daemon)
{
    int64_t end = moment_ms() + limit_ms(5000);
    while (daemon_rss_kb(daemon) > 0 && moment_ms() < end)
        usleep(10000);
    ck_assert_int_le(daemon_rss_kb(daemon), 0);
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
    int health = begin_request(admin, "GET /healthz"), ready = begin_request(admin, "GET /readyz");
    int reload = begin_request(admin, "POST /reload"), config = begin_request(admin, "GET /config");
    daemon_signal(bed.daemon, SIGUSR2);
    pid_t pid = successor(bed.daemon);
    ck_assert(daemon_wait_line(bed.daemon, " stopped ", limit_ms(10000)));
    bed_expect(&bed, 2);
    end_request(health, "200");
    end_request(ready, "200");
    end_request(reload, "503");
    end_request(config, "200");
    wait_gone(bed.daemon);
    end_request(begin_request(admin, "GET /readyz"), "200"); /* of the successor */
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
