#ifndef REDIAL_BENCH_ORIGIN_H
#define REDIAL_BENCH_ORIGIN_H

/* Serves responses of the asked size on every "ADDRESS:PORT" until it is killed, or until the
 * process that started it is gone. Prints "ready" when it listens. Returns 1 on a fault. */
int origin_serve(char *const addresses[], int count);

#endif
