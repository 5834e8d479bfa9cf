#include "ctl/question.h"

#include <math.h>
#include <string.h>

#include "ctl/field.h"
#include "ctl/style.h"
#include "ctl/table.h"
#include "ctl/units.h"

#define ANSWERS_SHOWN 8
#define CHANGES_SHOWN 10
#define INDENT 2

struct word {
    const char *name, *meaning;
};

/* Those of answer_outcome_name(), but for "records". */
static const struct word outcomes[] = {
    {"empty", "the name has no record of this type (empty)"},
    {"no-service", "the service is not offered there (no-service)"},
    {"nxdomain", "the name does not exist (nxdomain)"},
    {"servfail", "the server could not find out (servfail)"},
    {"refused", "the server refused to answer (refused)"},
    {"malformed", "the answer made no sense (malformed)"},
    {"timeout", "no server answered in time (timeout)"},
    {"unreachable", "no server could be reached (unreachable)"},
    {"local-fault", "this host had no memory or descriptor to ask with (local-fault)"},
};

/* Those of wait_reason_name(). */
static const struct word waits[] = {
    {"ttl", "its TTL"},
    {"min-ttl", "min-ttl, since its TTL is less"},
    {"max-ttl", "max-ttl, since its TTL is more, or not known"},
    {"confirmation", "soon, since the next answer must confirm it"},
    {"backoff", "a pause that doubles with each failure"},
};

static void add_meaning(struct text *line, const struct word *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count && name; i++)
        if (strcmp(words[i].name, name) == 0) {
            text_add(line, "%s", words[i].meaning);
            return;
        }
    text_clean(line, name ? name : "not known");
}

/* --- the last answer, in sentences ----------------------------------------------------------- */

static void add_paragraph(struct text *out, struct text *line, size_t width)
{
    text_blanks(out, INDENT);
    text_wrap(out, text_string(line), INDENT, INDENT, width);
    text_clear(line);
}

static const char *server_name(const json_t *answer)
{
    if (field_is(answer, "server", "hosts"))
        return "/etc/hosts";
    if (field_is(answer, "server", "additional"))
        return "an SRV answer";
    return field_text(answer, "server");
}

static void add_records(struct text *line, const json_t *answer)
{
    char count[UNITS_MAX];
    double records = field_number(answer, "records");
    text_add(line, "%s record%s%s", units_count(records, count), records > 1 ? "s" : "",
             field_is_true(answer, "truncated") ? " (cut short: there may be more)" : "");
}

static void add_ttl(struct text *line, const json_t *answer)
{
    char span[UNITS_MAX];
    const char *of = field_text(answer, "ttl_of");
    if (isnan(field_number(answer, "ttl")))
        return;
    text_add(line, ", TTL %s", units_span(field_number(answer, "ttl"), span));
    if (of && strcmp(of, "cname") == 0)
        text_add(line, " (of a CNAME on the way)");
    else if (of && strcmp(of, "soa") == 0)
        text_add(line, " (of the SOA)");
}

static void add_last_answer(struct text *out, const json_t *answer, double now, size_t width)
{
    char span[UNITS_MAX];
    struct text line = {0};
    if (!answer) {
        text_add(&line, "No answer has come yet.");
        add_paragraph(out, &line, width);
        return;
    }
    if (field_is(answer, "outcome", "not-asked")) {
        text_add(&line, "Not asked, since this host has no IPv6 address that reaches others.");
        add_paragraph(out, &line, width);
        return;
    }
    text_add(&line, "Last answer, %s ago", units_span(now - field_moment(answer, "last"), span));
    if (server_name(answer)) {
        text_add(&line, " from ");
        text_clean(&line, server_name(answer));
    }
    text_add(&line, ": ");
    if (field_is(answer, "outcome", "records"))
        add_records(&line, answer);
    else
        add_meaning(&line, outcomes, sizeof outcomes / sizeof *outcomes,
                    field_text(answer, "outcome"));
    add_ttl(&line, answer);
    text_add(&line, ". Asked again after %s: ", units_span(field_number(answer, "wait"), span));
    add_meaning(&line, waits, sizeof waits / sizeof *waits, field_text(answer, "why"));
    text_add(&line, ".");
    add_paragraph(out, &line, width);
}

static void add_specials(struct text *out, const json_t *question, size_t width)
{
    char text[UNITS_MAX];
    struct text line = {0};
    double held = field_number(question, "held_for");
    double misses = field_number(question, "sample.miss_limit");
    if (!isnan(held)) {
        text_add(
            &line,
            "DNS says that there is nothing: what it named before is held for %s more, and goes "
            "then, or when a connect to it fails.",
            units_span(held, text));
        add_paragraph(out, &line, width);
    }
    if (!isnan(misses)) {
        text_add(&line,
                 "Answers are samples of a larger set: an address goes when %s in a row lacked it, "
                 "or when it was lacking and a connect to it fails.",
                 units_count(misses, text));
        add_paragraph(out, &line, width);
    }
}

/* --- tables ---------------------------------------------------------------------------------- */

static void add_omitted(struct text *out, size_t all, size_t shown)
{
    if (all > shown)
        text_add(out, "  (%zu older: see --json)\n", all - shown);
}

static void add_answer_row(struct table *table, const json_t *answer, double now)
{
    char number[UNITS_MAX];
    struct text what = {0};
    bool good = field_is(answer, "outcome", "records");
    bool fault =
        !good && !field_is(answer, "outcome", "empty") && !field_is(answer, "outcome", "not-asked");
    if (good)
        text_add(&what, "%s%s", units_count(field_number(answer, "records"), number),
                 field_is_true(answer, "truncated") ? ", cut short" : "");
    else
        text_clean(&what, field_text(answer, "outcome"));
    table_cell(table, STYLE_PLAIN, units_clock(field_moment(answer, "last"), now, number));
    table_cell(table, STYLE_PLAIN, units_count(field_number(answer, "repeats"), number));
    table_cell(table, fault ? STYLE_BAD : STYLE_PLAIN, text_string(&what));
    table_cell(table, STYLE_PLAIN, server_name(answer));
    table_cell(table, STYLE_PLAIN, units_span(field_number(answer, "ttl"), number));
    table_cell(table, STYLE_PLAIN, units_span(field_number(answer, "wait"), number));
    table_cell(table, STYLE_PLAIN, field_text(answer, "why"));
    text_clear(&what);
}

static void add_answers(struct text *out, const json_t *answers, double now, size_t width)
{
    static const struct column columns[] = {
        {.heading = "ANSWERED"},
        {.heading = "TIMES", .right = true},
        {.heading = "RECORDS"},
        {.heading = "FROM", .most = 24},
        {.heading = "TTL", .right = true},
        {.heading = "WAIT", .right = true},
        {.heading = "BY"},
    };
    const json_t *answer;
    size_t i;
    if (field_count(answers) < 2)
        return; /* the sentence has said it */
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    field_each(answers, i, answer)
        if (i < ANSWERS_SHOWN)
            add_answer_row(table, answer, now);
    text_add(out, "\n");
    table_print(table, out, INDENT, width);
    add_omitted(out, field_count(answers), ANSWERS_SHOWN);
    table_free(table);
}

static void add_changes(struct text *out, const json_t *changes, double now, size_t width)
{
    char when[UNITS_MAX];
    const json_t *change;
    size_t i;
    if (field_count(changes) > 0) {
        text_add(out, "\n  ");
        style_add(out, STYLE_DIM, "CHANGES");
        text_add(out, "\n");
    }
    field_each(changes, i, change) {
        struct text line = {0};
        if (i >= CHANGES_SHOWN)
            break;
        text_add(&line, "%s ", units_clock(field_moment(change, "time"), now, when));
        text_clean(&line, field_text(change, "record"));
        text_add(&line, " ");
        text_clean(&line, field_text(change, "change"));
        text_blanks(out, INDENT);
        text_wrap(out, text_string(&line), INDENT, 2 * INDENT, width);
        text_clear(&line);
    }
    add_omitted(out, field_count(changes), CHANGES_SHOWN);
}

/* --- records --------------------------------------------------------------------------------- */

/* Whether the endpoint's address, without its port, is the record. */
static bool stands_for(const char *address, const char *record)
{
    const char *colon = strrchr(address, ':');
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (length > 1 && *address == '[')
        address++, length -= 2;
    return length == strlen(record) && memcmp(address, record, length) == 0;
}

const json_t *question_find_member(const json_t *question, const char *address)
{
    const json_t *member;
    size_t i;
    field_each(field(question, "members"), i, member) {
        const char *record = field_text(member, "record");
        if (record && address && stands_for(address, record))
            return member;
    }
    return NULL;
}

static bool has_endpoint(const json_t *endpoints, const char *record)
{
    const json_t *endpoint;
    size_t i;
    field_each(endpoints, i, endpoint) {
        const char *address = field_text(endpoint, "address");
        if (record && address && stands_for(address, record))
            return true;
    }
    return false;
}

/* Those that no endpoint tells of: the targets of SRV. */
static void add_members(struct text *out, const json_t *question, const json_t *endpoints,
                        double now, size_t width)
{
    static const struct column columns[] = {
        {.heading = "RECORD"},
        {.heading = "STATE", .most = 12},
        {.heading = "SINCE"},
        {.heading = "NAMED AGO", .right = true},
        {.heading = "MISSES", .right = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    char number[UNITS_MAX];
    const json_t *member;
    size_t i, shown = 0;
    field_each(field(question, "members"), i, member) {
        if (has_endpoint(endpoints, field_text(member, "record")))
            continue;
        shown++;
        table_cell(table, STYLE_PLAIN, field_text(member, "record"));
        table_cell(table, field_is(member, "state", "present") ? STYLE_GOOD : STYLE_WARN,
                   field_text(member, "state"));
        table_cell(table, STYLE_PLAIN, units_clock(field_moment(member, "since"), now, number));
        table_cell(table, STYLE_PLAIN, units_span(now - field_moment(member, "seen"), number));
        table_cell(table, STYLE_PLAIN, units_count(field_number(member, "misses"), number));
    }
    if (shown > 0) {
        text_add(out, "\n");
        table_print(table, out, INDENT, width);
    }
    table_free(table);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void add_heading(struct text *out, const json_t *question)
{
    char span[UNITS_MAX];
    struct text name = {0};
    double due = field_number(question, "due_in");
    text_clean(&name, field_text(question, "name"));
    text_add(&name, " ");
    text_clean(&name, field_text(question, "type"));
    style_add(out, STYLE_STRONG, text_string(&name));
    if (isnan(due))
        text_add(out, ": being asked now\n");
    else
        text_add(out, ": asked again in %s\n", units_span(due, span));
    text_clear(&name);
}

void question_add(struct text *out, const json_t *question, const json_t *endpoints, double now,
                  size_t width)
{
    const json_t *answers = field(question, "answers");
    add_heading(out, question);
    add_last_answer(out, json_array_get(answers, 0), now, width);
    add_specials(out, question, width);
    add_members(out, question, endpoints, now, width);
    add_answers(out, answers, now, width);
    add_changes(out, field(question, "changes"), now, width);
}
