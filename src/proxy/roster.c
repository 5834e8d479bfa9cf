#include "proxy/roster.h"

#include <stdlib.h>

#include "proxy/view.h"

struct roster *roster_new(struct config *config, size_t room)
{
    struct roster *roster = calloc(1, sizeof *roster + room * sizeof(struct assignment));
    if (!roster)
        return NULL;
    roster->config = config_ref(config);
    roster->room = room;
    return roster;
}

struct assignment *roster_add(struct roster *roster, struct upstream *upstream, size_t index,
                              struct endpoint_set *set, size_t socket_room)
{
    struct assignment *assignment = &roster->assignments[roster->count];
    assignment->sockets = calloc(socket_room + 1, sizeof *assignment->sockets);
    if (!assignment->sockets)
        return NULL;
    assignment->upstream = upstream_ref(upstream);
    assignment->index = index;
    assignment->set = endpoint_set_ref(set);
    roster->count++;
    return assignment;
}

void roster_free(struct roster *roster)
{
    if (!roster)
        return;
    for (size_t i = 0; i < roster->count; i++) {
        view_free(roster->assignments[i].view);
        endpoint_set_unref(roster->assignments[i].set);
        upstream_unref(roster->assignments[i].upstream);
        free(roster->assignments[i].sockets);
    }
    config_unref(roster->config);
    free(roster);
}
