#include "ctl/endpoints.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/field.h"
#include "ctl/status.h"
#include "ctl/style.h"
#include "ctl/table.h"
#include "ctl/units.h"

/* What a heading has room for. */
#define NAME_MOST 40
#define BALANCE_MOST 20

const char *endpoints_why(const json_t *endpoint)
{
    const char *reason = field_text(endpoint, "reason");
    if (field_is(endpoint, "state", "failing-checks"))
        return reason && strcmp(reason, "checks-fell") != 0 ? reason : "";
    if (field_is(endpoint, "state", "ejected"))
        return reason ? reason : "";
    if (field_is(endpoint, "member", "absent"))
        return "not in DNS";
    if (field_is(endpoint, "member", "suspect"))
        return "in doubt";
    if (field_is(endpoint, "member", "held"))
        return "held";
    return "";
}

/* --- the table of an upstream -------------------------------------------------------------------
 */

/* Whether all of them have the same number there. */
static bool is_uniform(const json_t *endpoints, const char *path)
{
    const json_t *endpoint;
    size_t i;
    double first = field_number(json_array_get(endpoints, 0), path);
    json_array_foreach(endpoints, i, endpoint)
        if (fabs(field_number(endpoint, path) - first) > 0)
            return false;
    return true;
}

static void cell_number(struct table *table, const json_t *endpoint, const char *path, bool shown)
{
    char number[UNITS_MAX];
    table_cell(table, STYLE_PLAIN, shown ? units_count(field_number(endpoint, path), number) : "");
}

static void add_row(struct table *table, const json_t *endpoint, bool tiers, bool weights)
{
    const char *state = field_text(endpoint, "state"), *why = endpoints_why(endpoint);
    char number[UNITS_MAX];
    struct text standing = {0};
    text_add(&standing, "%s%s%s", state ? state : "-", *why ? ", " : "", why);
    table_cell(table, STYLE_PLAIN, field_text(endpoint, "address"));
    table_cell(table, style_of_state(state), text_string(&standing));
    table_cell(table, STYLE_PLAIN, units_span(field_number(endpoint, "back_in"), number));
    cell_number(table, endpoint, "tier", tiers);
    cell_number(table, endpoint, "weight", weights);
    cell_number(table, endpoint, "active", true);
    table_cell(table, STYLE_PLAIN, units_share(field_number(endpoint, "share"), number));
    table_cell(table, STYLE_PLAIN, units_span(field_number(endpoint, "connect_time"), number));
    text_clear(&standing);
}

static void add_table(struct text *out, const struct client *client, const json_t *endpoints)
{
    static const struct column columns[] = {
        {.heading = "ADDRESS"},
        {.heading = "STATE", .most = 24},
        {.heading = "BACK IN", .right = true},
        {.heading = "TIER", .right = true, .optional = true},
        {.heading = "WEIGHT", .right = true, .optional = true},
        {.heading = "ACTIVE", .right = true},
        {.heading = "SHARE", .right = true},
        {.heading = "CONNECT", .right = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    bool tiers = !is_uniform(endpoints, "tier"), weights = !is_uniform(endpoints, "weight");
    const json_t *endpoint;
    size_t i;
    field_each(endpoints, i, endpoint)
        add_row(table, endpoint, tiers, weights);
    table_print(table, out, 2, client->width);
    table_free(table);
}

static void add_upstream(struct text *out, const struct client *client, const json_t *upstream)
{
    const json_t *endpoints = field(upstream, "endpoints");
    char count[STATUS_ENDPOINTS_MAX];
    struct text name = {0};
    enum style style;
    status_endpoints(endpoints, count, &style);
    text_clean_short(&name, field_text(upstream, "name"), NAME_MOST);
    style_add(out, STYLE_STRONG, text_string(&name));
    text_clear(&name);
    text_add(out, ": ");
    style_add(out, style, count);
    if (field_count(endpoints) > 0) {
        text_add(out, ", ");
        text_clean_short(out, field_text(upstream, "balance"), BALANCE_MOST);
        text_add(out, "\n");
        add_table(out, client, endpoints);
    } else {
        text_add(out, "\n  No address is known: redialctl explain tells why.\n");
    }
}

/* --- the command ----------------------------------------------------------------------------- */

/* Adds each endpoint, with its upstream's name, to a flat list that is easy to filter. */
static void list_endpoints(json_t *list, const json_t *upstream)
{
    json_t *endpoint;
    size_t i;
    field_each(field(upstream, "endpoints"), i, endpoint) {
        json_t *entry = json_object();
        json_object_set(entry, "upstream", field(upstream, "name"));
        json_object_update(entry, endpoint);
        json_array_append_new(list, entry);
    }
}

/* Adds the upstreams that are asked for. Returns how many that were. */
static size_t add_upstreams(struct text *out, json_t *list, const struct client *client,
                            const json_t *upstreams, const char *name)
{
    const json_t *upstream;
    size_t i, found = 0;
    field_each(upstreams, i, upstream) {
        if (name && !field_is(upstream, "name", name))
            continue;
        text_add(out, "%s", found++ > 0 ? "\n" : "");
        add_upstream(out, client, upstream);
        list_endpoints(list, upstream);
    }
    return found;
}

static int refuse_name(const char *name, const json_t *upstreams)
{
    struct text line = {0};
    text_add(&line, "redialctl: there is no upstream ");
    text_clean(&line, name);
    text_add(&line, "%s", field_count(upstreams) > 0 ? "; there are:" : ", nor any other");
    status_add_names(&line, upstreams);
    fprintf(stderr, "%s\n", text_string(&line));
    text_clear(&line);
    return CLIENT_REFUSED;
}

int endpoints_run(const struct client *client, char **arguments)
{
    json_t *status, *list = json_array();
    struct text out = {0};
    int result = client_get_status(client, &status);
    if (result == 0) {
        const json_t *upstreams = field(status, "upstreams");
        if (add_upstreams(&out, list, client, upstreams, arguments[0]) == 0 && arguments[0])
            result = refuse_name(arguments[0], upstreams);
        else
            result = client->json ? client_print_json(list) : client_print(&out);
        json_decref(status);
    }
    json_decref(list);
    text_clear(&out);
    return result;
}
