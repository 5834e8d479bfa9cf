/* Time in tests: a monotonic clock, and the factor that slow builds (valgrind, sanitizers) need. */
#ifndef TESTLIB_MOMENT_H
#define TESTLIB_MOMENT_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in microseconds. */
int64_t moment_us(void);

/* CLOCK_MONOTONIC in milliseconds. */
int64_t moment_ms(void);

/* REDIAL_TEST_SCALE, at least 1.0 (the default): lengthens time limits, never what is asserted. */
double test_scale(void);

/* A time limit of ms milliseconds, lengthened by test_scale(). Every wait of this library takes
 * its limit as given, so callers that may run under valgrind say limit_ms(2000). */
int limit_ms(int ms);

/* A volume (bytes, connections) reduced by test_scale(), never below least. */
uint64_t volume_scaled(uint64_t volume, uint64_t least);

/* The CLOCK_MONOTONIC time that lies ms milliseconds from now, for pthread_cond_timedwait. */
struct timespec moment_deadline(int ms);

#endif
