/* The stage of the demo: a DNS server, backends that answer HTTP with their name, and the built
 * redial between them and the client. */
#ifndef DEMO_STAGE_H
#define DEMO_STAGE_H

#include <stdbool.h>
#include <stdint.h>

enum { STAGE_BACKENDS = 9 };

struct backend {
    char ip[16];       /* backend 1 is 127.0.0.11, backend 2 is 127.0.0.12 ... */
    struct peer *peer; /* NULL until it first starts */
    bool alive;
    bool published; /* its address is in the DNS */
};

struct stage {
    struct dns_script *dns;
    struct peers *peers;
    struct daemon *redial;
    struct backend backends[STAGE_BACKENDS + 1]; /* by number; 0 is unused */
    unsigned ttl;                                /* of the DNS record, in seconds */
    uint16_t port;                               /* of all the backends */
    char listen[32];                             /* where redial listens: 127.0.0.1:PORT */
};

#define STAGE_NAME "web.demo.internal"

/* Starts the DNS server, but no backend and no redial. */
void stage_open(struct stage *stage, unsigned ttl);

/* Ends everything; returns redial's exit status (0 when it never ran). */
int stage_close(struct stage *stage);

void stage_start_backend(struct stage *stage, int number);
void stage_kill_backend(struct stage *stage, int number);

/* Puts backends into the DNS record or takes them out: a string of digits each ("4", "13"). */
void stage_publish(struct stage *stage, const char *in, const char *out);

/* Writes the DNS record as it is: "127.0.0.11,127.0.0.12", "" when it has no address. */
void stage_record(const struct stage *stage, char *text, unsigned size);

/* Starts redial and waits until it is ready: false when it does not get so far. */
bool stage_start_redial(struct stage *stage);

#endif
