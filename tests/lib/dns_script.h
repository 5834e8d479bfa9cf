/* A DNS server on loopback UDP that says what the test wrote: libevent's evdns server in a thread
 * of its own. Every function may be called from any thread. Names are compared without regard to
 * case. A name that was never set is NXDOMAIN; a known name without the asked type is an empty
 * answer (NODATA). Bad arguments and lack of memory abort the process. */
#ifndef TESTLIB_DNS_SCRIPT_H
#define TESTLIB_DNS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_script;

enum dns_type { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33 };

enum dns_answer {
    DNS_ANSWER_RECORDS,  /* the addresses that were set (the normal case) */
    DNS_ANSWER_EMPTY,    /* NOERROR without records */
    DNS_ANSWER_NXDOMAIN, /* return codes */
    DNS_ANSWER_SERVFAIL,
    DNS_ANSWER_REFUSED,
    DNS_ANSWER_SILENCE /* the query is counted and dropped */
};

/* Starts a server on ip:port (ip NULL: 127.0.0.1; port 0: one from port_reserve). */
struct dns_script *dns_script_start(const char *ip, uint16_t port);

/* "127.0.0.1:PORT", as redial's -r wants it. Owned by the server. */
const char *dns_script_address(const struct dns_script *dns);
uint16_t dns_script_port(const struct dns_script *dns);

/* Sets the records of (name, type), with commas between, and their TTL in seconds: addresses
 * ("127.0.0.2,127.0.0.3"), or of SRV target, port, priority and weight ("a.test:80/10/1"; "." alone
 * is no service). Takes back an earlier dns_script_set_answer of (name, type). At most 28 A records
 * fit into an answer. */
void dns_script_set(struct dns_script *dns, const char *name, enum dns_type type,
                    const char *records, unsigned ttl);

/* owner is an alias of target, with its own TTL in seconds; the answer holds the whole chain. */
void dns_script_set_alias(struct dns_script *dns, const char *owner, const char *target,
                          unsigned ttl);

/* From now on (name, type) is answered this way; DNS_ANSWER_RECORDS restores it. */
void dns_script_set_answer(struct dns_script *dns, const char *name, enum dns_type type,
                           enum dns_answer answer);

/* The same for every query, whatever its name: stronger than what is set for a name. */
void dns_script_set_all(struct dns_script *dns, enum dns_answer answer);

/* Answers to (name, type) leave ms milliseconds after the query came. */
void dns_script_set_delay(struct dns_script *dns, const char *name, enum dns_type type, int ms);

/* Forgets the name: NXDOMAIN from now on. Its counts stay. */
void dns_script_remove(struct dns_script *dns, const char *name);

/* How many queries for (name, type) came, dropped ones too. */
size_t dns_script_count(struct dns_script *dns, const char *name, enum dns_type type);

/* How many queries came in all, of any type. */
size_t dns_script_count_all(struct dns_script *dns);

/* When the queries for (name, type) came, in microseconds of moment_us(): writes at most size of
 * them, the first ones, and returns how many it wrote. */
size_t dns_script_times(struct dns_script *dns, const char *name, enum dns_type type,
                        int64_t *times_us, size_t size);

/* Waits until at least count queries for (name, type) came: false when ms milliseconds passed. */
bool dns_script_wait(struct dns_script *dns, const char *name, enum dns_type type, size_t count,
                     int ms);

/* Ends the thread, closes the socket, frees. NULL is allowed. */
void dns_script_stop(struct dns_script *dns);

#endif
