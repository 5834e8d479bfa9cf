#include "members.h"

#include "status.h"

/* Not of an upstream whose answers are samples: chance may remove one. Not of one that was lied
 * about twice in the way that redial believes the second time. */
static bool may_lose(const struct upstream *upstream)
{
    return upstream->sample > 0 || upstream->shrunk > 1;
}

void members_check(struct stage *stage)
{
    if (stage->fault != NULL) {
        return;
    }
    json_t *status = subject_status(&stage->subject);
    if (status == NULL) {
        stage_fail(stage, "redial does not tell its status");
    }
    for (size_t u = 0; status != NULL && u < STAGE_UPSTREAMS; u++) {
        const struct upstream *upstream = &stage->upstreams[u];
        const json_t *json = status_upstream(status, upstream->name);
        for (size_t i = 0; i < upstream->count && !may_lose(upstream); i++) {
            const struct backend *backend = &upstream->backends[i];
            if ((upstream->anchors & 1U << i) != 0 && status_endpoint(json, backend) == NULL) {
                stage_fail(stage, "%s/%zu is well and has a name, and redial lost it",
                           upstream->name, i + 1);
            }
        }
    }
    json_decref(status);
}
