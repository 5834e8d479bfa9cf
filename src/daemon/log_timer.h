#ifndef REDIAL_DAEMON_LOG_TIMER_H
#define REDIAL_DAEMON_LOG_TIMER_H

struct event;
struct event_base;

/* From now on storms of lines are suppressed (base/log_limit.h), and the loop tells of each when
 * its time is over. Returns NULL where there is no memory: then nothing is suppressed. Main thread.
 */
struct event *log_timer_new(struct event_base *base);

/* Ends that, and tells of what is not told yet. Accepts NULL. */
void log_timer_free(struct event *timer);

#endif
