/* Descriptors to be handed over, from 3 on, and what becomes of them. Those of the harness itself
 * have high numbers, so whatever else is open in the end was forgotten. */
#ifndef FUZZ_ENVIRONMENT_STOCK_H
#define FUZZ_ENVIRONMENT_STOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "../input.h"
#include "base/address.h"

#define STOCK_FIRST 3
#define STOCK_MOST 6

/* Where the sockets listen. */
struct stock_places {
    struct address tcp4; /* with SO_REUSEPORT */
    struct address tcp6; /* no family: this host has no IPv6 */
    char path[108];
};

/* What others have open, libFuzzer for example, gets other numbers between these two. */
void stock_borrow(void);
void stock_return(void);

/* Opens the harness's own; once. */
const struct stock_places *stock_open(void);

/* The descriptor, at a high number, and never left to a program that is started. */
int stock_keep(int fd);

/* Between these two whatever is opened has a high number. */
void stock_begin_high(void);
void stock_end_high(void);

/* Opens one for each letter: 4 and 6 listen by TCP, u at the path, a at no path; n is a socket that
 * does not listen, d one of datagrams, s and c one end of a pair (of c the other is closed), p the
 * end of a pipe, k a file with the text, f /dev/null; of any other nothing is open. Returns how
 * many there are. */
size_t stock_place(const struct input *kinds, const struct input *text);

/* Whether the n-th one is open at all, and listens. */
bool stock_has(size_t n);
bool stock_listens(size_t n);

/* Ends what is at the other end of all pairs. */
void stock_hang_up(void);

/* Of the first so many nothing is open any more, and the others are as they were. Closes these, and
 * then nothing is left. */
void stock_clear(size_t received);

/* All of them are as they were. */
void stock_check_untouched(size_t from);

#endif
