/* One balancer over one set, as an upstream has it, and clients that dial by it. */
#ifndef UNIT_BALANCE_RIG_H
#define UNIT_BALANCE_RIG_H

#include "proxy/balance.h"

/* Endpoints in a set of the rig, at most. */
#define RIG_MOST 40

struct balance_rig {
    struct balancer balancer;
    enum balance_policy policy;
    struct endpoint_set *set;
};

struct address rig_address(unsigned n);

/* Addresses 0 … count-1, in one tier, of one weight. */
struct endpoint_set *rig_set_of(size_t count);

/* The set of these places, in any order, after `previous` (NULL: none). */
struct endpoint_set *rig_places(const struct endpoint_set *previous, struct place *places,
                                size_t count);

/* A balancer that has been told of the set, whose reference it takes over. */
void rig_open(struct balance_rig *rig, enum balance_policy policy, struct endpoint_set *set);

/* The set becomes this one; takes its reference over. */
void rig_use(struct balance_rig *rig, struct endpoint_set *set);

/* Fails where not everything was given back: nothing active, one reference, from the set. */
void rig_close(struct balance_rig *rig);

/* A client that has tried nobody yet. */
struct endpoint *rig_pick(struct balance_rig *rig);
void rig_release(struct balance_rig *rig, struct endpoint *endpoint);

/* Puts it out of rotation or back, and tells the balancer. */
void rig_eject(struct balance_rig *rig, size_t place, bool ejected);

/* Where the endpoint stands in the set. Asserts nothing, since Check writes each assertion down:
 * several threads in here are to meet at the balancer alone. The set's count: nowhere. */
size_t rig_place_of(const struct endpoint_set *set, const struct endpoint *endpoint);

/* A client that dials: endpoints of the `dead` mask refuse it, and it tries the next. Returns the
 * place of the one that accepts, the set's count where all are dead. Asserts nothing either. */
size_t rig_dial(struct balance_rig *rig, uint64_t dead);

/* Fails where the counts that are not left out by the mask differ by more than `spread`. */
void ck_spread(const uint64_t *counts, size_t count, uint64_t left_out, uint64_t spread);

#endif
