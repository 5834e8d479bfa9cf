#include "daemon/reload.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "config/compare.h"
#include "config/options.h"

/* --- what cannot be changed without a restart ---------------------------------------------------
 */

static void tell_of_restart(const struct config *before, const struct config *now)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        char key[64];
        if (option->scope != OPTION_GLOBAL || option->reloadable ||
            option_equal(option, &before->global, &now->global))
            continue;
        snprintf(key, sizeof key, "%s.%s", option->section, option->key);
        log_warning("a changed key takes effect at the next start only", log_text("key", key));
    }
}

/* --- reloading ----------------------------------------------------------------------------------
 */

static int fail(struct reload *reload, int error)
{
    reload->failed = time(NULL);
    for (size_t i = 0; i < reload->errors.count; i++)
        log_outcome_error("configuration error", log_text("error", reload->errors.lines[i]));
    log_outcome_error("the reload failed: nothing was changed",
                      log_number("errors", reload->errors.count),
                      log_number("generation", reload->generation));
    return error;
}

static struct plan_result commit(struct reload *reload, struct plan *plan)
{
    struct plan_result result = plan_commit(plan);
    reload->generation++;
    reload->loaded = time(NULL);
    reload->failed = 0;
    return result;
}

int reload_prepare(struct reload *reload, struct engine *engine, struct config *config,
                   const struct known *known, reload_loader *loader, void *arg)
{
    *reload = (struct reload){.engine = engine, .loader = loader, .arg = arg};
    return plan_new(engine, config, known, &reload->first);
}

void reload_begin(struct reload *reload)
{
    commit(reload, reload->first);
    reload->first = NULL;
}

static int apply(struct reload *reload, struct config *config, struct plan_result *ret_result)
{
    struct plan *plan;
    int result = plan_new(reload->engine, config, NULL, &plan);
    if (result == 0)
        *ret_result = commit(reload, plan);
    return result;
}

static int load_and_apply(struct reload *reload, struct plan_result *ret_result)
{
    struct config *config = reload->loader(reload->arg, &reload->errors);
    if (!config)
        return -EINVAL;
    struct config *before = config_ref(reload->engine->config);
    int result = apply(reload, config, ret_result);
    if (result == 0) {
        log_set_level((enum log_level)config->global.log_level);
        log_set_format((enum log_format)config->global.log_format);
        tell_of_restart(before, config);
    } else
        errors_add(&reload->errors, (struct origin){"redial", 0},
                   "the configuration is valid and cannot be applied: see redial's log");
    config_unref(before);
    config_unref(config);
    return result;
}

int reload_now(struct reload *reload, struct plan_result *ret_result)
{
    errors_clear(&reload->errors);
    if (reload->engine->stopping) {
        errors_add(&reload->errors, (struct origin){"redial", 0}, "redial is stopping");
        return fail(reload, -EBUSY);
    }
    log_outcome_info("reloading");
    int result = load_and_apply(reload, ret_result);
    if (result < 0)
        return fail(reload, result);
    log_outcome_info("reloaded", log_number("generation", reload->generation),
                     log_number("upstreams", reload->engine->config->upstream_count),
                     log_number("added", ret_result->added),
                     log_number("changed", ret_result->changed),
                     log_number("dropped", ret_result->dropped));
    return 0;
}

void reload_clear(struct reload *reload)
{
    plan_free(reload->first);
    reload->first = NULL;
    errors_clear(&reload->errors);
}
