#include <config.h>

#include "admin/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "admin/endpoints.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "daemon/service.h"
#include "proxy/eject.h"

/* An upstream, and what was counted of it when the writing began: its figures belong together. */
struct sample {
    const struct service *service;
    const char *name;
    struct tally_sum sum;
};

struct samples {
    FILE *out;
    struct sample *items;
    size_t count;
};

/* --- text ---------------------------------------------------------------------------------------
 */

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP redial_%s %s\n# TYPE redial_%s %s\n", name, help, name, type);
}

static void label(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '"')
            fputc('\\', out);
        if (*text == '\n')
            fputs("\\n", out);
        else
            fputc(*text, out);
    }
}

/* `redial_NAME{upstream="…"`: the caller goes on from there. */
static void begin(FILE *out, const char *name, const char *upstream)
{
    fprintf(out, "redial_%s{upstream=\"", name);
    label(out, upstream);
    fputc('"', out);
}

static void end(FILE *out, uint64_t value)
{
    fprintf(out, "} %" PRIu64 "\n", value);
}

static void single(FILE *out, const char *name, const char *type, const char *help, double value)
{
    head(out, name, type, help);
    fprintf(out, "redial_%s %.17g\n", name, value);
}

/* --- upstreams ----------------------------------------------------------------------------------
 */

/* One number of each upstream, at this place of its sum. */
static const struct figure {
    const char *name, *type, *help;
    size_t offset;
} figures[] = {
    {"upstream_connections", "gauge", "Connections of clients that are open.",
     offsetof(struct tally_sum, open)},
    {"upstream_connections_dialling", "gauge", "Of those, that have no endpoint yet.",
     offsetof(struct tally_sum, dialling)},
    {"upstream_connections_opened_total", "counter", "Connections of clients.",
     offsetof(struct tally_sum, opened)},
    {"upstream_connects_started_total", "counter", "Connects to endpoints.",
     offsetof(struct tally_sum, started)},
    {"upstream_connects_accepted_total", "counter", "Of those, accepted.",
     offsetof(struct tally_sum, accepted)},
    {"upstream_connects_failed_total", "counter", "Refused, unreachable or timed out.",
     offsetof(struct tally_sum, failed)},
    {"upstream_connects_given_up_total", "counter",
     "Closed while pending, since another one won; or not begun by a fault of this host.",
     offsetof(struct tally_sum, given_up)},
    {"upstream_connects_hedged_total", "counter", "Started beside a pending one.",
     offsetof(struct tally_sum, hedged)},
};

static void write_figures(const struct samples *samples)
{
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        const struct figure *figure = &figures[i];
        head(samples->out, figure->name, figure->type, figure->help);
        for (size_t j = 0; j < samples->count; j++) {
            const char *sum = (const char *)&samples->items[j].sum;
            begin(samples->out, figure->name, samples->items[j].name);
            end(samples->out, *(const uint64_t *)(const void *)(sum + figure->offset));
        }
    }
}

static void write_ready(const struct samples *samples)
{
    head(samples->out, "upstream_ready", "gauge", "1 where the upstream has an address.");
    for (size_t i = 0; i < samples->count; i++) {
        begin(samples->out, "upstream_ready", samples->items[i].name);
        end(samples->out, discovery_set(samples->items[i].service->discovery)->count > 0);
    }
    head(samples->out, "upstream_endpoints", "gauge", "Addresses of the upstream.");
    for (size_t i = 0; i < samples->count; i++) {
        begin(samples->out, "upstream_endpoints", samples->items[i].name);
        end(samples->out, discovery_set(samples->items[i].service->discovery)->count);
    }
}

static void write_ended(const struct samples *samples)
{
    head(samples->out, "upstream_connections_ended_total", "counter",
         "Connections of clients that have ended, by why.");
    for (size_t i = 0; i < samples->count; i++)
        for (int why = 0; why < SESSION_ENDS; why++) {
            begin(samples->out, "upstream_connections_ended_total", samples->items[i].name);
            fprintf(samples->out, ",reason=\"%s\"", session_end_name((enum session_end)why));
            end(samples->out, samples->items[i].sum.ended[why]);
        }
}

static void write_bytes(const struct samples *samples)
{
    head(samples->out, "upstream_bytes_total", "counter", "Bytes received, by who sent them.");
    for (size_t i = 0; i < samples->count; i++) {
        begin(samples->out, "upstream_bytes_total", samples->items[i].name);
        fputs(",from=\"client\"", samples->out);
        end(samples->out, samples->items[i].sum.bytes_up);
        begin(samples->out, "upstream_bytes_total", samples->items[i].name);
        fputs(",from=\"endpoint\"", samples->out);
        end(samples->out, samples->items[i].sum.bytes_down);
    }
}

/* --- histograms ---------------------------------------------------------------------------------
 */

/* `unit` is how much of the histogram's unit makes one of the metric's. */
static void write_histogram(FILE *out, const char *name, const char *upstream,
                            const struct histogram *histogram, double unit)
{
    char bucket[80];
    uint64_t below = 0;
    snprintf(bucket, sizeof bucket, "%s_bucket", name);
    for (size_t i = 0; i < histogram->scale->count; i++) {
        below += histogram->counts[i];
        begin(out, bucket, upstream);
        fprintf(out, ",le=\"%.10g\"", (double)histogram->scale->bounds[i] / unit);
        end(out, below);
    }
    begin(out, bucket, upstream);
    fputs(",le=\"+Inf\"", out);
    end(out, histogram->count);
    fprintf(out, "redial_%s_sum{upstream=\"", name);
    label(out, upstream);
    fprintf(out, "\"} %.10g\nredial_%s_count{upstream=\"", (double)histogram->sum / unit, name);
    label(out, upstream);
    fprintf(out, "\"} %" PRIu64 "\n", histogram->count);
}

static void write_histograms(const struct samples *samples)
{
    static const struct {
        const char *name, *help;
        size_t offset;
        double unit;
    } histograms[] = {
        {"upstream_connect_seconds", "How long accepted connects took.",
         offsetof(struct tally_sum, connect_time), USEC_PER_SEC},
        {"upstream_dial_attempts", "Connects started for one client.",
         offsetof(struct tally_sum, attempts), 1},
        {"upstream_connection_duration_seconds", "How long connections of clients lasted.",
         offsetof(struct tally_sum, duration), USEC_PER_SEC},
    };
    for (size_t i = 0; i < sizeof histograms / sizeof *histograms; i++) {
        head(samples->out, histograms[i].name, "histogram", histograms[i].help);
        for (size_t j = 0; j < samples->count; j++) {
            const char *sum = (const char *)&samples->items[j].sum + histograms[i].offset;
            write_histogram(samples->out, histograms[i].name, samples->items[j].name,
                            (const struct histogram *)(const void *)sum, histograms[i].unit);
        }
    }
}

/* --- endpoints ----------------------------------------------------------------------------------
 */

static uint64_t is_up(const struct endpoint *endpoint)
{
    return !eject_is_out(endpoint);
}
static uint64_t active(const struct endpoint *endpoint)
{
    return atomic_load(&endpoint->active);
}
static uint64_t accepted(const struct endpoint *endpoint)
{
    return atomic_load(&endpoint->accepted);
}
static uint64_t failed(const struct endpoint *endpoint)
{
    return atomic_load(&endpoint->failed);
}

static void write_endpoint(FILE *out, const char *name, const char *upstream, const char *endpoint,
                           uint64_t value)
{
    begin(out, name, upstream);
    fprintf(out, ",endpoint=\"%s\"", endpoint);
    end(out, value);
}

static void write_set(FILE *out, const char *name, const struct sample *sample,
                      uint64_t (*of)(const struct endpoint *))
{
    const struct endpoint_set *set = discovery_set(sample->service->discovery);
    uint64_t others = 0;
    for (size_t i = 0; i < set->count; i++) {
        char text[ADDRESS_TEXT_MAX];
        if (i < METRICS_ENDPOINTS_MOST)
            write_endpoint(out, name, sample->name,
                           address_format(&set->endpoints[i]->address, text),
                           of(set->endpoints[i]));
        else
            others += of(set->endpoints[i]);
    }
    if (set->count > METRICS_ENDPOINTS_MOST)
        write_endpoint(out, name, sample->name, "other", others);
}

static void write_endpoints(const struct samples *samples)
{
    static const struct {
        const char *name, *type, *help;
        uint64_t (*of)(const struct endpoint *);
    } endpoints[] = {
        {"endpoint_up", "gauge", "1 while the endpoint is in rotation.", is_up},
        {"endpoint_connections", "gauge", "Open connections, with those being opened.", active},
        {"endpoint_connects_accepted_total", "counter", "Connects that it accepted.", accepted},
        {"endpoint_connects_failed_total", "counter", "Connects that failed by its fault.", failed},
    };
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        head(samples->out, endpoints[i].name, endpoints[i].type, endpoints[i].help);
        for (size_t j = 0; j < samples->count; j++)
            write_set(samples->out, endpoints[i].name, &samples->items[j], endpoints[i].of);
    }
}

/* --- the process --------------------------------------------------------------------------------
 */

static void write_process(struct server *server, FILE *out)
{
    const struct engine *engine = server_engine(server);
    const struct reload *reload = server_reload(server);
    head(out, "info", "gauge", "Always 1; the label says which version.");
    fprintf(out, "redial_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    single(out, "uptime_seconds", "gauge", "How long the process serves.",
           (double)(clock_now() - server_started(server)) / (double)USEC_PER_SEC);
    single(out, "connections", "gauge", "Connections of clients that are open.",
           engine_connections(engine));
    single(out, "connections_limit", "gauge", "Connections that may be open at once.",
           engine->clients.limit.most);
    single(out, "config_generation", "gauge", "Configurations that came into use: 1 at the start.",
           reload->generation);
    single(out, "config_reload_failed", "gauge", "1 where the last reload changed nothing.",
           reload->failed != 0);
    single(out, "log_lines_suppressed_total", "counter", "Lines that storms would have written.",
           (double)log_limit_suppressed());
    single(out, "log_lines_lost_total", "counter", "Lines that nobody read, or no disk took.",
           (double)log_lost());
    single(out, "dns_queries_total", "counter", "Questions sent to DNS servers.",
           (double)resolver_sent(engine->resolver));
}

static bool take_samples(const struct engine *engine, struct samples *samples)
{
    size_t count = 0;
    list_each(node, &engine->services) count++;
    samples->items = calloc(count + 1, sizeof *samples->items);
    if (!samples->items)
        return false;
    list_each(node, &engine->services)
    {
        const struct service *service = list_entry(node, struct service, node);
        struct sample *sample = &samples->items[samples->count++];
        sample->service = service;
        sample->name = service_config(service)->name;
        upstream_tally(service->upstream, &sample->sum);
    }
    return true;
}

void metrics_write(struct server *server, FILE *out)
{
    struct samples samples = {.out = out};
    write_process(server, out);
    if (!take_samples(server_engine(server), &samples))
        return;
    write_ready(&samples);
    write_figures(&samples);
    write_ended(&samples);
    write_bytes(&samples);
    write_histograms(&samples);
    write_endpoints(&samples);
    free(samples.items);
}
