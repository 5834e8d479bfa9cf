/* One upstream in one loop, as a worker has it, with endpoints that the test names. */
#ifndef UNIT_VIEW_RIG_H
#define UNIT_VIEW_RIG_H

#include "proxy/loop.h"
#include "proxy/view.h"

struct view_rig {
    struct loop loop;
    struct upstream *upstream;
    struct config *config;
    struct view *view;
};

/* `settings` is what REDIAL_SET would say. Logs go nowhere. */
void view_rig_open(struct view_rig *rig, const char *settings, const struct address *endpoints,
                   size_t count);

/* Frees all, and aborts where something still holds an endpoint. */
void view_rig_close(struct view_rig *rig);

/* The upstream has this set from now on, as the server tells it: first the balancer, then the view,
 * which takes over the reference. */
void view_rig_use(struct view_rig *rig, struct endpoint_set *set);

/* Fits upstream_failure: nobody wants to know. */
void ignore_failure(void *arg, struct endpoint *endpoint);

/* A configuration with one upstream. */
struct config *one_upstream_config(const char *settings);

#endif
