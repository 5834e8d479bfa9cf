/* What most end-to-end tests stand on: a DNS server, a port for backends, a port to listen on, and
 * the daemon between them. Failures are Check failures. */
#ifndef E2E_BED_H
#define E2E_BED_H

#include "client.h"
#include "crowd.h"
#include "daemon.h"
#include "dns_script.h"
#include "moment.h"
#include "peer.h"
#include "port.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

/* The name that the upstream of bed_run_name asks for. */
#define BED_NAME "name.test"

struct bed {
    struct dns_script *dns;
    struct peers *peers;
    uint16_t port;      /* of all backends */
    char listen[32];    /* "127.0.0.1:3001" */
    char upstream[128]; /* "127.0.0.1:3001=name.test:3000" */
    struct daemon *daemon;
};

/* The matrix: loop tests over BED_THREADS pass bed_threads[_i] as -w. */
enum { BED_THREADS = 2 };
extern const int bed_threads[BED_THREADS];

/* Starts the DNS server and the peers' thread. */
void bed_open(struct bed *bed);

/* Starts the daemon with the words of a command line (printf format, split at spaces) behind
 * `-r DNS -o redial.access-log=on`, and waits until it is ready. */
void bed_run(struct bed *bed, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same without waiting and without any word of its own; environment as daemon_options says. */
void bed_run_plain(struct bed *bed, const char *const *environment, unsigned descriptors,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Runs the bed's upstream with a number of threads and further words, and waits until BED_NAME has
 * given its addresses. */
void bed_run_name(struct bed *bed, int threads, const char *words);

/* Sets the addresses of BED_NAME by their last numbers: "2,3" means 127.0.0.2 and 127.0.0.3. */
void bed_set_name(struct bed *bed, const char *numbers, unsigned ttl);

/* Adds a peer on 127.0.0.NUMBER and the bed's port; its id is its address. */
struct peer *bed_add(struct bed *bed, enum peer_manner manner, int number);

/* The same with a size and an interval, see peer.h. */
struct peer *bed_add_sized(struct bed *bed, enum peer_manner manner, int number, uint64_t size,
                           int interval_ms);

/* Connects to the bed's listener. */
int bed_connect(const struct bed *bed);

/* Connects to the bed's listener with many clients at once. */
struct crowd *bed_crowd(const struct bed *bed, size_t count);

/* Asks one line over a new connection of address (NULL: the bed's listener), writes the answer. */
void bed_ask(const struct bed *bed, const char *address, char *answer, size_t size);

/* The same, and the answer must be 127.0.0.NUMBER. */
void bed_expect(const struct bed *bed, int number);

/* Asks until the answer is this one, at most ms milliseconds: the time (moment_ms) of that. */
int64_t bed_ask_until(const struct bed *bed, const char *want, int ms);

/* Whether this host has ::1; when not, prints that the test is skipped. */
bool bed_has_ipv6(void);

/* Waits until count connections have ended, as the access log says. */
void bed_wait_ended(struct bed *bed, size_t count);

/* Waits until the daemon has at most this many descriptors. */
void bed_wait_descriptors(struct bed *bed, int most);

/* Stops the daemon, which must exit with status 0, and everything else. All clients must be closed
 * by then. */
void bed_close(struct bed *bed);

/* Adds a test to the suite in a case of its own name, run count times (_i from 0), each within
 * seconds (scaled). */
void bed_add_test(Suite *suite, const char *name, const TTest *test, int count, int seconds);
#define BED_TEST(suite, test, count, seconds) bed_add_test(suite, #test, test, count, seconds)

/* Runs the suite, each test in a process of its own, prints what daemons of failed tests logged:
 * the exit status for main. */
int bed_main(Suite *suite);

#endif
