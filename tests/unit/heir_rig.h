/* A process that is started with descriptors and says what it finds: this test program itself,
 * executed anew. What cannot be done aborts. */
#ifndef UNIT_HEIR_RIG_H
#define UNIT_HEIR_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The first word of its command line. The others are what it is to do, and print a line about each:
 *
 *   open           receive them; "refused: WHY" ends it
 *   count LISTEN, take LISTEN, explain LISTEN, write NAME, read NAME, close
 *                  as inherited.h says; a log line begins with its level
 *   open-files     the numbers of all its descriptors but the standard ones
 *   env NAME       a variable
 *   signals        "clean", or what is blocked or ignored
 *   pid            its own */
#define HEIR_WORD "heir"

/* To be called at the begin of main(): true when this is such a process, and it is done. */
bool heir_done(int argc, char **argv);

/* The command line of an heir; NULL ends the words. */
char *const *heir_arguments(const char *word, ...) __attribute__((sentinel));

/* The file of this program. */
const char *heir_program(void);

/* A pipe on whose other end the heirs write from now on: their standard output. */
void heir_listen(void);

/* All that it has written until it has ended, which is waited for; and "ended with N" behind it
 * where its status (wait(2)) is not 0. 0: there is none. */
const char *heir_said(pid_t heir);

/* A memory file with this text (memfd_create(2)). */
int heir_file(const char *text);

#endif
