/* No answer of DNS removes a working address by accident. */
#ifndef CHAOS_MEMBERS_H
#define CHAOS_MEMBERS_H

#include "stage.h"

/* Looks whether redial still has every backend that was well and named since the storm began. */
void members_check(struct stage *stage);

#endif
