#include "ctl/status.h"

#include <stdio.h>

#include "ctl/field.h"
#include "ctl/table.h"
#include "ctl/units.h"

#define HINTS_MOST 5

/* --- the process ----------------------------------------------------------------------------- */

static void add_identity(struct text *out, const struct client *client, const json_t *status)
{
    char pid[UNITS_MAX], span[UNITS_MAX], date[UNITS_MAX];
    struct text line = {0};
    text_add(&line, "redial ");
    text_clean(&line, field_text(status, "version"));
    text_add(&line, ", pid %s, ", units_count(field_number(status, "pid"), pid));
    text_clean(&line, field_text(status, "state"));
    text_add(&line, " for %s, since %s", units_span(field_number(status, "uptime"), span),
             units_date(field_moment(status, "started"), date));
    text_wrap(out, text_string(&line), 0, 2, client->width);
    text_clear(&line);
}

static void add_totals(struct text *out, const struct client *client, const json_t *status)
{
    char open[UNITS_MAX], most[UNITS_MAX], span[UNITS_MAX], generation[UNITS_MAX];
    double age = field_moment(status, "now") - field_moment(status, "config.loaded");
    const char *path = field_text(status, "config.path");
    struct text line = {0};
    text_add(&line, "%s of %s connections open, configuration %s from ",
             units_count(field_number(status, "connections.open"), open),
             units_count(field_number(status, "connections.most"), most),
             units_count(field_number(status, "config.generation"), generation));
    text_clean(&line, path ? path : "the command line");
    text_add(&line, ", %s old", units_span(age, span));
    text_wrap(out, text_string(&line), 0, 2, client->width);
    text_clear(&line);
}

static void add_error(struct text *out, const struct client *client, const json_t *status,
                      const char *path, const char *what)
{
    const json_t *error = field(status, path), *line;
    char span[UNITS_MAX];
    struct text heading = {0};
    size_t i;
    if (!json_is_object(error))
        return;
    double age = field_moment(status, "now") - field_moment(error, "time");
    text_add(&heading, "The last %s, %s ago, failed and changed nothing:", what,
             units_span(age, span));
    style_add(out, STYLE_BAD, text_string(&heading));
    text_add(out, "\n");
    text_clear(&heading);
    json_array_foreach(field(error, "errors"), i, line) {
        struct text clean = {0};
        text_clean(&clean, json_string_value(line));
        text_blanks(out, 2);
        text_wrap(out, text_string(&clean), 2, 4, client->width);
        text_clear(&clean);
    }
}

/* --- the upstreams --------------------------------------------------------------------------- */

size_t status_in_rotation(const json_t *endpoints)
{
    size_t count = 0, i;
    const json_t *endpoint;
    field_each(endpoints, i, endpoint)
        count += field_is(endpoint, "state", "up") || field_is(endpoint, "state", "fresh");
    return count;
}

void status_add_names(struct text *line, const json_t *upstreams)
{
    const json_t *upstream;
    size_t i;
    field_each(upstreams, i, upstream) {
        text_add(line, " ");
        text_clean(line, field_text(upstream, "name"));
    }
}

const char *status_endpoints(const json_t *endpoints, char text[STATUS_ENDPOINTS_MAX],
                             enum style *ret_style)
{
    size_t all = field_count(endpoints), in = status_in_rotation(endpoints);
    *ret_style = in == 0 ? STYLE_BAD : in < all ? STYLE_WARN : STYLE_GOOD;
    if (all == 0)
        snprintf(text, STATUS_ENDPOINTS_MAX, "none");
    else if (in == all)
        snprintf(text, STATUS_ENDPOINTS_MAX, "%zu up", all);
    else
        snprintf(text, STATUS_ENDPOINTS_MAX, "%zu of %zu up", in, all);
    return text;
}

static void cell_listen(struct table *table, const json_t *upstream)
{
    const json_t *listen = field(upstream, "listen");
    const char *first = json_string_value(json_array_get(listen, 0));
    size_t count = json_array_size(listen);
    struct text text = {0}, clean = {0};
    text_clean(&clean, first ? first : "-");
    text_shorten(&text, text_string(&clean), count > 1 ? 19 : 22);
    if (count > 1)
        text_add(&text, " +%zu", count - 1);
    table_cell(table, STYLE_PLAIN, text_string(&text));
    text_clear(&text);
    text_clear(&clean);
}

static void cell_open(struct table *table, const json_t *upstream)
{
    char open[UNITS_MAX], most[UNITS_MAX], both[2 * UNITS_MAX];
    double limit = field_number(upstream, "connections.most");
    units_count(field_number(upstream, "connections.open"), open);
    if (limit > 0)
        snprintf(both, sizeof both, "%s/%s", open, units_count(limit, most));
    table_cell(table, STYLE_PLAIN, limit > 0 ? both : open);
}

static void add_row(struct table *table, const json_t *upstream)
{
    char endpoints[STATUS_ENDPOINTS_MAX], number[UNITS_MAX];
    enum style style;
    double failed = field_number(upstream, "connects.failed");
    status_endpoints(field(upstream, "endpoints"), endpoints, &style);
    table_cell(table, STYLE_STRONG, field_text(upstream, "name"));
    cell_listen(table, upstream);
    table_cell(table, style, endpoints);
    cell_open(table, upstream);
    table_cell(table, STYLE_PLAIN,
               units_count(field_number(upstream, "connections.opened"), number));
    table_cell(table, failed > 0 ? STYLE_WARN : STYLE_PLAIN, units_count(failed, number));
    table_cell(table, STYLE_PLAIN, units_span(field_number(upstream, "connect_time.p99"), number));
}

static void add_upstreams(struct text *out, const struct client *client, const json_t *upstreams)
{
    static const struct column columns[] = {
        {.heading = "UPSTREAM"},
        {.heading = "LISTEN", .most = 22},
        {.heading = "ENDPOINTS"},
        {.heading = "OPEN", .right = true},
        {.heading = "OPENED", .right = true},
        {.heading = "REDIALS", .right = true},
        {.heading = "CONN P99", .right = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    const json_t *upstream;
    size_t i;
    field_each(upstreams, i, upstream)
        add_row(table, upstream);
    table_print(table, out, 0, client->width);
    table_free(table);
}

/* What to do about upstreams that cannot serve anybody. */
static void add_hints(struct text *out, const json_t *upstreams)
{
    const json_t *upstream;
    size_t i, found = 0;
    field_each(upstreams, i, upstream) {
        if (field_is_true(upstream, "ready") || found++ >= HINTS_MOST)
            continue;
        text_add(out, "%s", found == 1 ? "\n" : "");
        text_clean_short(out, field_text(upstream, "name"), 30);
        text_add(out, " has no address: redialctl explain tells why\n");
    }
    if (found > HINTS_MOST)
        text_add(out, "and %zu more have none\n", found - HINTS_MOST);
}

int status_run(const struct client *client, char **arguments)
{
    json_t *status;
    struct text out = {0};
    (void)arguments;
    int result = client_get_status(client, &status);
    if (result != 0)
        return result;
    if (client->json) {
        result = client_print_json(status);
    } else {
        add_identity(&out, client, status);
        add_totals(&out, client, status);
        add_error(&out, client, status, "config.last_error", "reload");
        add_error(&out, client, status, "upgrade.last_error", "upgrade");
        text_add(&out, "\n");
        add_upstreams(&out, client, field(status, "upstreams"));
        add_hints(&out, field(status, "upstreams"));
        result = client_print(&out);
    }
    text_clear(&out);
    json_decref(status);
    return result;
}
