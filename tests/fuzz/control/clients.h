/* Clients of the workers: each dials, tries one endpoint after the other, and stays for a while. */
#ifndef FUZZ_CONTROL_CLIENTS_H
#define FUZZ_CONTROL_CLIENTS_H

#include "proxy/view.h"

#define CLIENTS_MOST 48

size_t clients_count(void);

/* One comes to a view, unless that has its limit of them, and dials. */
void clients_open(struct view *view);

/* What the n-th one finds at its endpoint: where that fails, it dials another one. n is below the
 * number. */
void clients_find(size_t n, enum eject_event event);

void clients_close(size_t n);

/* How many have the endpoint now, and how many the upstream. */
uint32_t clients_at(const struct endpoint *endpoint);
uint32_t clients_of(const struct upstream *upstream);

/* What is counted of each of their endpoints is what they are. */
void clients_check(void);

/* The view of the n-th one. */
const struct view *clients_view(size_t n);

#endif
