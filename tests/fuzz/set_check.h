/* From the members of a name to the next set of endpoints, and what holds for every such set. */
#ifndef FUZZ_SET_CHECK_H
#define FUZZ_SET_CHECK_H

#include "discovery/endpoint_set.h"
#include "discovery/membership.h"

/* Makes the set that follows `previous` (NULL: none), which is released. Who has no address (a
 * target of SRV) gets one made of its port; priorities become tiers. */
struct endpoint_set *set_check_next(struct endpoint_set *previous,
                                    const struct membership *membership);

/* The tiers follow each other, and within each the addresses; the weights are summed up rightly. */
void set_check_shape(const struct endpoint_set *set);

#endif
