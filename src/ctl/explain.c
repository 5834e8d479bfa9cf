#include "ctl/explain.h"

#include <math.h>
#include <string.h>

#include "ctl/endpoints.h"
#include "ctl/field.h"
#include "ctl/http.h"
#include "ctl/question.h"
#include "ctl/status.h"
#include "ctl/style.h"
#include "ctl/units.h"

#define EVENTS_SHOWN 10
#define INDENT 2
#define ADDRESS_MOST 24 /* longer ones get a line of their own */

static void add_heading(struct text *out, const json_t *story, size_t width)
{
    char date[UNITS_MAX];
    struct text line = {0};
    const json_t *target;
    size_t i;
    text_clean(&line, field_text(story, "upstream"));
    text_add(&line, " stands for");
    json_array_foreach(field(story, "target"), i, target) {
        text_add(&line, i > 0 ? ", " : " ");
        text_clean(&line, json_string_value(target));
    }
    text_add(&line, " (%s)", units_date(field_moment(story, "now"), date));
    text_wrap(out, text_string(&line), 0, INDENT, width);
    text_clear(&line);
}

/* --- addresses ------------------------------------------------------------------------------- */

/* Whether it gets connections, and if not, when again. */
static void add_standing(struct text *line, const json_t *endpoint)
{
    char text[UNITS_MAX];
    double back_in = field_number(endpoint, "back_in");
    bool ejected = field_is(endpoint, "state", "ejected");
    const char *why = endpoints_why(endpoint);
    if (*why && (ejected || field_is(endpoint, "state", "failing-checks"))) {
        text_add(line, " (");
        text_clean(line, why);
        text_add(line, ")");
    }
    if (!isnan(back_in))
        text_add(line, ", redial tries it again in %s", units_span(back_in, text));
    else if (ejected)
        text_add(line, ", redial is trying it");
    else if (field_is(endpoint, "state", "failing-checks"))
        text_add(line, ", back when checks succeed");
    else if (field_is(endpoint, "state", "draining"))
        text_add(line, ", no new connections until undrain");
    else if (field_is(endpoint, "state", "fresh"))
        text_add(line, ", its share still grows");
    if (field_number(endpoint, "active") > 0)
        text_add(line, ", %s open", units_count(field_number(endpoint, "active"), text));
}

/* Why it is in the set. */
static void add_membership(struct text *line, const json_t *endpoint, const json_t *member,
                           double now)
{
    char since[UNITS_MAX], seen[UNITS_MAX], misses[UNITS_MAX];
    if (field_is(endpoint, "member", "static")) {
        text_add(line, "; written in the configuration");
        return;
    }
    if (field_is(endpoint, "member", "absent") && field_number(member, "misses") > 1)
        text_add(line, "; the last %s answers lacked it",
                 units_count(field_number(member, "misses"), misses));
    else if (field_is(endpoint, "member", "absent"))
        text_add(line, "; the last answer lacked it");
    else if (field_is(endpoint, "member", "suspect"))
        text_add(line,
                 "; the last answer was surprisingly short and lacked it, the next one decides");
    else if (field_is(endpoint, "member", "held"))
        text_add(line, "; held, though DNS says that there is nothing");
    else if (!member)
        text_add(line, "; named by DNS");
    if (member)
        text_add(line, "; in since %s, last named %s ago",
                 units_clock(field_moment(member, "since"), now, since),
                 units_span(now - field_moment(member, "seen"), seen));
}

static const json_t *find_member(const json_t *questions, const json_t *endpoint)
{
    const json_t *question, *member = NULL;
    size_t i;
    field_each(questions, i, question)
        if (!member)
            member = question_find_member(question, field_text(endpoint, "address"));
    return member;
}

static void add_endpoint(struct text *out, const json_t *story, const json_t *endpoint,
                         size_t column, size_t width)
{
    struct text address = {0}, line = {0}, state = {0};
    text_clean(&address, field_text(endpoint, "address"));
    text_clean(&state, field_text(endpoint, "state"));
    size_t at = INDENT + text_width(text_string(&address));
    text_blanks(out, INDENT);
    text_add(out, "%s", text_string(&address));
    if (at + 2 > column) {
        text_add(out, "\n");
        at = 0;
    }
    text_blanks(out, column - at);
    style_add(out, style_of_state(field_text(endpoint, "state")), text_string(&state));
    add_standing(&line, endpoint);
    add_membership(&line, endpoint, find_member(field(story, "questions"), endpoint),
                   field_moment(story, "now"));
    text_wrap(out, text_string(&line), column + text_width(text_string(&state)), column, width);
    text_clear(&address);
    text_clear(&line);
    text_clear(&state);
}

static void add_endpoints(struct text *out, const json_t *story, size_t width)
{
    const json_t *endpoints = field(story, "endpoints"), *endpoint;
    char count[STATUS_ENDPOINTS_MAX];
    enum style style;
    size_t i, widest = 0;
    status_endpoints(endpoints, count, &style);
    style_add(out, STYLE_STRONG, "Addresses");
    text_add(out, ": ");
    style_add(out, style, count);
    text_add(out, "\n");
    field_each(endpoints, i, endpoint) {
        const char *address = field_text(endpoint, "address");
        size_t length = address ? strlen(address) : 0;
        widest = length > widest && length <= ADDRESS_MOST ? length : widest;
    }
    field_each(endpoints, i, endpoint)
        add_endpoint(out, story, endpoint, INDENT + widest + 2, width);
}

/* --- events ---------------------------------------------------------------------------------- */

/* A field's value, with blanks around it left to the reader. */
static void add_value(struct text *line, const char *key, const json_t *value)
{
    text_add(line, " ");
    text_clean(line, key);
    text_add(line, "=");
    if (json_is_string(value))
        text_clean(line, json_string_value(value));
    else if (json_is_integer(value))
        text_add(line, "%lld", (long long)json_integer_value(value));
    else if (json_is_number(value))
        text_add(line, "%.3f", json_number_value(value));
    else
        text_add(line, "-");
}

static void add_event(struct text *out, json_t *event, double now, size_t width)
{
    char when[UNITS_MAX];
    struct text line = {0};
    const char *key;
    json_t *value;
    text_add(&line, "%s ", units_clock(field_moment(event, "time"), now, when));
    text_clean(&line, field_text(event, "message"));
    json_object_foreach(field(event, "fields"), key, value)
        if (strcmp(key, "upstream") != 0 && !json_is_null(value))
            add_value(&line, key, value);
    text_blanks(out, INDENT);
    text_wrap(out, text_string(&line), INDENT, 2 * INDENT, width);
    text_clear(&line);
}

static void add_events_of(struct text *out, const json_t *status, const char *name, double now,
                          size_t width)
{
    json_t *event;
    size_t i, shown = 0;
    field_each(field(status, "events"), i, event) {
        if (!field_is(event, "fields.upstream", name) || shown++ >= EVENTS_SHOWN)
            continue;
        if (shown == 1) {
            text_add(out, "\n");
            style_add(out, STYLE_STRONG, "Events");
            text_add(out, "\n");
        }
        add_event(out, event, now, width);
    }
}

/* What the log said of this upstream; /status has it. Without it the rest of the story is told all
 * the same. */
static void add_events(struct text *out, const struct client *client, const json_t *story)
{
    const char *name = field_text(story, "upstream");
    struct http_reply reply = {0};
    json_t *status = NULL;
    if (!name || http_ask(&client->place, "GET", "/status", client->timeout, &reply) < 0)
        return;
    if (reply.status == 200 && client_parse_status(&reply.body, &status) == 0)
        add_events_of(out, status, name, field_moment(story, "now"), client->width);
    json_decref(status);
    text_clear(&reply.body);
}

/* --- the command ----------------------------------------------------------------------------- */

static void tell(struct text *out, const struct client *client, const json_t *story)
{
    const json_t *questions = field(story, "questions"), *question;
    size_t i;
    add_heading(out, story, client->width);
    text_add(out, "\n");
    add_endpoints(out, story, client->width);
    add_events(out, client, story);
    field_each(questions, i, question) {
        text_add(out, "\n");
        question_add(out, question, field(story, "endpoints"), field_moment(story, "now"),
                     client->width);
    }
    if (field_count(questions) == 0)
        text_add(out, "\nDNS is not asked: the configuration names addresses.\n");
}

int explain_run(const struct client *client, char **arguments)
{
    struct text target = {0}, out = {0};
    json_t *story;
    text_add(&target, "/explain");
    if (arguments[0])
        text_query(&target, "upstream", arguments[0]);
    int result = client_get_story(client, text_string(&target), &story);
    if (result == 0) {
        if (!client->json)
            tell(&out, client, story);
        result = client->json ? client_print_json(story) : client_print(&out);
        json_decref(story);
    }
    text_clear(&target);
    text_clear(&out);
    return result;
}
