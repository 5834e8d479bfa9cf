#include "proxy/roster.h"

#include <stdlib.h>

#include "proxy/listener.h"
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

static void assignment_clear(struct assignment *assignment)
{
    view_free(assignment->view);
    endpoint_set_unref(assignment->set);
    upstream_unref(assignment->upstream);
    for (size_t i = 0; assignment->blanks && i < assignment->socket_count; i++)
        listener_blank_free(assignment->blanks[i]);
    free(assignment->blanks);
    free(assignment->sockets);
}

static bool make_room(struct assignment *assignment, size_t count)
{
    assignment->sockets = calloc(count + 1, sizeof *assignment->sockets);
    assignment->blanks = calloc(count + 1, sizeof *assignment->blanks);
    if (!assignment->sockets || !assignment->blanks)
        return false;
    for (; assignment->socket_count < count; assignment->socket_count++)
        if (!(assignment->blanks[assignment->socket_count] = listener_blank()))
            return false;
    return true;
}

struct assignment *roster_add(struct roster *roster, struct upstream *upstream, size_t index,
                              struct endpoint_set *set, size_t socket_count)
{
    struct assignment *assignment = &roster->assignments[roster->count++];
    assignment->upstream = upstream_ref(upstream);
    assignment->index = index;
    assignment->set = endpoint_set_ref(set);
    return make_room(assignment, socket_count) ? assignment : NULL;
}

void roster_free(struct roster *roster)
{
    if (!roster)
        return;
    for (size_t i = 0; i < roster->count; i++)
        assignment_clear(&roster->assignments[i]);
    config_unref(roster->config);
    free(roster);
}
