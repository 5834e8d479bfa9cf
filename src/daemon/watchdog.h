#ifndef REDIAL_DAEMON_WATCHDOG_H
#define REDIAL_DAEMON_WATCHDOG_H

#include "base/clock.h"

/* How often the service manager is to be given a sign of life (notify_watchdog()), or 0 where it
 * wants none: half of what WATCHDOG_USEC allows, unless WATCHDOG_PID says that another process is
 * meant (sd_watchdog_enabled(3)). What is no time of this kind counts as none. */
usec_t watchdog_period(void);

#endif
