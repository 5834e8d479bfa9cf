#include <config.h>

#include "admin/status.h"

#include <unistd.h>

#include "admin/endpoints.h"
#include "admin/json.h"
#include "admin/questions.h"
#include "base/log_recent.h"
#include "config/options.h"
#include "daemon/upgrade.h"
#include "proxy/upstream.h"

/* --- an upstream --------------------------------------------------------------------------------
 */

static const char *balance_name(const struct upstream_options *options)
{
    return option_find("upstream", "balance")->choices[options->balance];
}

static json_t *listens_json(const struct upstream_options *options)
{
    json_t *array = json_array();
    for (size_t i = 0; i < options->listen_count; i++) {
        char text[LISTEN_TEXT_MAX];
        json_add(array, json_string(listen_format(&options->listens[i], text)));
    }
    return array;
}

static json_t *targets_json(const struct upstream_options *options)
{
    json_t *array = json_array();
    for (size_t i = 0; i < options->target_count; i++) {
        char text[TARGET_TEXT_MAX];
        json_add(array, json_string(target_format(&options->targets[i], text)));
    }
    return array;
}

static uint64_t sum_ended(const struct tally_sum *sum)
{
    uint64_t ended = 0;
    for (int end = 0; end < SESSION_ENDS; end++)
        ended += sum->ended[end];
    return ended;
}

static json_t *ended_json(const struct tally_sum *sum)
{
    json_t *object = json_object();
    for (int end = 0; end < SESSION_ENDS; end++)
        json_put(object, session_end_name((enum session_end)end), json_count(sum->ended[end]));
    return object;
}

static json_t *connections_json(const struct tally_sum *sum, const struct upstream_options *options)
{
    return json_pack(
        "{so so so so so}", "open", json_count(sum->open), "dialling", json_count(sum->dialling),
        "most", options->max_connections > 0 ? json_integer(options->max_connections) : json_null(),
        "opened", json_count(sum->opened), "ended", json_count(sum_ended(sum)));
}

static json_t *connects_json(const struct tally_sum *sum)
{
    return json_pack("{so so so so so}", "started", json_count(sum->started), "accepted",
                     json_count(sum->accepted), "failed", json_count(sum->failed), "given_up",
                     json_count(sum->given_up), "hedged", json_count(sum->hedged));
}

static json_t *times_json(const struct histogram *times)
{
    double unit = (double)USEC_PER_SEC;
    if (times->count == 0)
        return json_null();
    return json_pack("{so sf sf sf sf}", "count", json_count(times->count), "mean",
                     histogram_mean(times) / unit, "p50", histogram_quantile(times, 0.5) / unit,
                     "p99", histogram_quantile(times, 0.99) / unit, "p999",
                     histogram_quantile(times, 0.999) / unit);
}

static json_t *upstream_json(const struct service *service)
{
    const struct upstream_config *config = service_config(service);
    const struct upstream_options *options = &config->options;
    struct tally_sum sum;
    upstream_tally(service->upstream, &sum);
    return json_pack("{ss sb ss so so so so s{so so} so so so so}", "name", config->name, "ready",
                     discovery_set(service->discovery)->count > 0, "balance", balance_name(options),
                     "listen", listens_json(options), "target", targets_json(options),
                     "connections", connections_json(&sum, options), "ended", ended_json(&sum),
                     "bytes", "up", json_count(sum.bytes_up), "down", json_count(sum.bytes_down),
                     "connects", connects_json(&sum), "connect_time", times_json(&sum.connect_time),
                     "endpoints", endpoints_json(service), "questions", questions_json(service));
}

static json_t *upstreams_json(const struct engine *engine)
{
    json_t *array = json_array();
    list_each(node, &engine->services)
        json_add(array, upstream_json(list_entry(node, struct service, node)));
    return array;
}

/* --- the process --------------------------------------------------------------------------------
 */

static json_t *time_json(time_t when)
{
    return json_time(&(struct timespec){.tv_sec = when});
}

static json_t *last_error(const struct reload *reload)
{
    if (reload->failed == 0)
        return json_null();
    json_t *lines = json_array();
    for (size_t i = 0; i < reload->errors.count; i++)
        json_add(lines, json_string(reload->errors.lines[i]));
    return json_pack("{so so}", "time", time_json(reload->failed), "errors", lines);
}

static json_t *config_json(struct server *server)
{
    const struct reload *reload = server_reload(server);
    return json_pack("{so sI so so}", "path", json_text(server_path(server)), "generation",
                     (json_int_t)reload->generation, "loaded", time_json(reload->loaded),
                     "last_error", last_error(reload));
}

static json_t *upgrade_json(const struct upgrade *upgrade)
{
    const char *why;
    time_t failed = upgrade_failed(upgrade, &why);
    json_t *error = failed == 0 ? json_null()
                                : json_pack("{so s[s]}", "time", time_json(failed), "errors", why);
    return json_pack("{sb so}", "under_way", upgrade_under_way(upgrade), "last_error", error);
}

static json_t *event_json(const struct log_recent *line)
{
    json_t *fields = json_object();
    const char *key, *value;
    size_t at = 0;
    while (log_recent_field(line, &at, &key, &value))
        json_put(fields, key, json_string(value));
    return json_pack("{so ss ss so}", "time", json_time(&line->time), "level",
                     log_level_name(line->level), "message", log_recent_message(line), "fields",
                     fields);
}

static json_t *events_json(void)
{
    static struct log_recent lines[LOG_RECENT_MOST]; /* 50 KiB are too much for a stack */
    size_t count = log_recent_copy(lines);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_add(array, event_json(&lines[i]));
    return array;
}

json_t *status_json(struct server *server)
{
    const struct engine *engine = server_engine(server);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return json_pack(
        "{ss sI ss so so so sI so so s{sI sI} s{sI} so so}", "version", PACKAGE_VERSION, "pid",
        (json_int_t)getpid(), "state", engine->stopping ? "stopping" : "serving", "started",
        json_moment(server_started(server)), "uptime",
        json_span(clock_now() - server_started(server)), "now", json_time(&now), "threads",
        (json_int_t)engine->crew_count, "config", config_json(server), "upgrade",
        upgrade_json(server_successor(server)), "connections", "open",
        (json_int_t)engine_connections(engine), "most", (json_int_t)engine->clients.limit.most,
        "dns", "budget", (json_int_t)engine->config->global.dns_budget, "upstreams",
        upstreams_json(engine), "events", events_json());
}

json_t *status_explain(const struct service *service)
{
    const struct upstream_config *config = service_config(service);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return json_pack("{ss so so so so}", "upstream", config->name, "target",
                     targets_json(&config->options), "now", json_time(&now), "endpoints",
                     endpoints_json(service), "questions", questions_story(service));
}
