/* What happens to redial: faults of backends and DNS, reloads and upgrades, by chance. */
#ifndef CHAOS_STORM_H
#define CHAOS_STORM_H

#include "stage.h"

/* One storm of so many milliseconds; a step each few hundred. Each step is printed. */
void storm_run(struct stage *stage, int ms);

/* Everybody is well again, and DNS says the truth. */
void storm_end(struct stage *stage);

#endif
