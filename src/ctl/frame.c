#include "ctl/frame.h"

#include <math.h>
#include <stdio.h>

#include "ctl/endpoints.h"
#include "ctl/field.h"
#include "ctl/spark.h"
#include "ctl/status.h"
#include "ctl/style.h"
#include "ctl/units.h"

/* Lines around the list: the process, the curves, the headings; and the last one. */
#define HEAD_LINES 10
#define FOOT_LINES 1
#define NAME_WIDTH 21
/* The curve of an upstream, with so many looks a column. */
#define SPARK_WIDTH 15
#define SPARK_EACH (SERIES_MOST / SPARK_WIDTH)
/* Lower than this, the curves make room for the list. */
#define LOW 16
#define LOW_HEAD_LINES 3

/* A line that is being written, up to the edge of the screen. */
struct line {
    struct text *out;
    size_t column, width;
};

/* Adds a clean string; what is behind the edge is cut off. */
static void put(struct line *line, enum style style, const char *clean)
{
    struct text cut = {0};
    size_t left = line->width - line->column;
    if (text_width(clean) > left)
        text_shorten(&cut, clean, left);
    else
        text_add(&cut, "%s", clean);
    line->column += text_width(text_string(&cut));
    style_add(line->out, style, text_string(&cut));
    text_clear(&cut);
}

/* Goes on at a column; what reaches it already is followed by nothing. */
static void go_to(struct line *line, size_t column)
{
    column = column < line->width ? column : line->width;
    if (column > line->column) {
        text_blanks(line->out, column - line->column);
        line->column = column;
    }
}

/* Puts it so that it ends before a column. */
static void put_right(struct line *line, enum style style, const char *clean, size_t end)
{
    size_t width = text_width(clean);
    go_to(line, end > width ? end - width : 0);
    put(line, style, clean);
}

/* What came from elsewhere, in at most so many columns. */
static void put_foreign(struct line *line, enum style style, const char *foreign, size_t most)
{
    struct text clean = {0};
    text_clean_short(&clean, foreign, most);
    put(line, style, text_string(&clean));
    text_clear(&clean);
}

static void end_line(struct line *line)
{
    text_add(line->out, "\033[K\r\n");
    line->column = 0;
}

/* --- the process ----------------------------------------------------------------------------- */

static void add_title(struct line *line, const struct frame_view *view)
{
    char pid[UNITS_MAX], span[UNITS_MAX], clock[UNITS_MAX];
    struct text text = {0};
    double now = field_moment(view->status, "now");
    put(line, STYLE_STRONG, "redial ");
    put_foreign(line, STYLE_STRONG, field_text(view->status, "version"), 16);
    text_add(&text, ", pid %s, ", units_count(field_number(view->status, "pid"), pid));
    text_clean(&text, field_text(view->status, "state"));
    text_add(&text, " for %s", units_span(field_number(view->status, "uptime"), span));
    put(line, STYLE_PLAIN, text_string(&text));
    text_clear(&text);
    text_add(&text, "%s UTC", units_clock(now, now, clock));
    if (line->column + text.length + 1 < line->width)
        put_right(line, STYLE_DIM, text_string(&text), line->width);
    text_clear(&text);
    end_line(line);
}

static void add_totals(struct line *line, const struct frame_view *view)
{
    char open[UNITS_MAX], most[UNITS_MAX], generation[UNITS_MAX];
    struct text text = {0};
    text_add(&text, "%s of %s connections open, configuration %s",
             units_count(field_number(view->status, "connections.open"), open),
             units_count(field_number(view->status, "connections.most"), most),
             units_count(field_number(view->status, "config.generation"), generation));
    if (view->trouble)
        put(line, STYLE_BAD, view->trouble);
    else
        put(line, STYLE_PLAIN, text_string(&text));
    if (!view->trouble && json_is_object(field(view->status, "config.last_error")))
        put(line, STYLE_BAD, ", the last reload failed");
    text_clear(&text);
    end_line(line);
}

static void add_curve(struct line *line, const char *label, const struct series *series,
                      const char *(*format)(double, char *), bool fault)
{
    char number[UNITS_MAX];
    double value = series_at(series, 0);
    size_t begin = 20, room = line->width > begin ? line->width - begin : 0;
    enum style style = fault && value > 0 ? STYLE_BAD : STYLE_STRONG;
    struct text bars = {0};
    put(line, STYLE_DIM, label);
    put_right(line, style, format(value, number), begin - 2);
    go_to(line, begin);
    spark_add(&bars, series, room < SERIES_MOST ? room : SERIES_MOST, 1);
    put(line, fault ? STYLE_WARN : STYLE_PLAIN, text_string(&bars));
    text_clear(&bars);
    end_line(line);
}

static void add_curves(struct line *line, const struct rate *all)
{
    end_line(line);
    add_curve(line, "new/s", &all->opened, units_rate, false);
    add_curve(line, "active", &all->active, units_count, false);
    add_curve(line, "errors/s", &all->errors, units_rate, true);
    add_curve(line, "redials/s", &all->failed, units_rate, true);
    add_curve(line, "connect p99", &all->p99, units_span, false);
}

/* --- the list -------------------------------------------------------------------------------- */

static void add_headings(struct line *line)
{
    put(line, STYLE_DIM, "UPSTREAM");
    put_right(line, STYLE_DIM, "NEW/S", NAME_WIDTH + 6);
    put_right(line, STYLE_DIM, "ACTIVE", NAME_WIDTH + 13);
    put_right(line, STYLE_DIM, "ERR/S", NAME_WIDTH + 19);
    put_right(line, STYLE_DIM, "P99", NAME_WIDTH + 26);
    go_to(line, NAME_WIDTH + 28);
    put(line, STYLE_DIM, "ENDPOINTS");
    go_to(line, NAME_WIDTH + 28 + 15);
    put(line, STYLE_DIM, "LAST MINUTE");
    end_line(line);
}

static void add_upstream(struct line *line, const json_t *upstream, const struct rate *rate)
{
    char text[UNITS_MAX], endpoints[STATUS_ENDPOINTS_MAX];
    enum style style;
    struct text bars = {0};
    double errors = series_at(&rate->errors, 0);
    put_foreign(line, STYLE_STRONG, field_text(upstream, "name"), NAME_WIDTH);
    put_right(line, STYLE_PLAIN, units_rate(series_at(&rate->opened, 0), text), NAME_WIDTH + 6);
    put_right(line, STYLE_PLAIN, units_count(series_at(&rate->active, 0), text), NAME_WIDTH + 13);
    put_right(line, errors > 0 ? STYLE_BAD : STYLE_PLAIN, units_rate(errors, text),
              NAME_WIDTH + 19);
    put_right(line, STYLE_PLAIN, units_span(series_at(&rate->p99, 0), text), NAME_WIDTH + 26);
    go_to(line, NAME_WIDTH + 28);
    status_endpoints(field(upstream, "endpoints"), endpoints, &style);
    put(line, style, endpoints);
    go_to(line, NAME_WIDTH + 28 + 15);
    spark_add(&bars, &rate->opened, SPARK_WIDTH, SPARK_EACH);
    put(line, STYLE_PLAIN, text_string(&bars));
    text_clear(&bars);
    end_line(line);
}

static void add_endpoint(struct line *line, const json_t *endpoint)
{
    char text[UNITS_MAX];
    const char *state = field_text(endpoint, "state"), *why = endpoints_why(endpoint);
    double back_in = field_number(endpoint, "back_in");
    put(line, STYLE_PLAIN, "  ");
    put_foreign(line, STYLE_PLAIN, field_text(endpoint, "address"), NAME_WIDTH - 2);
    put_right(line, STYLE_PLAIN, units_share(field_number(endpoint, "share"), text),
              NAME_WIDTH + 6);
    put_right(line, STYLE_PLAIN, units_count(field_number(endpoint, "active"), text),
              NAME_WIDTH + 13);
    put_right(line, STYLE_PLAIN, units_span(field_number(endpoint, "connect_time"), text),
              NAME_WIDTH + 26);
    go_to(line, NAME_WIDTH + 28);
    put_foreign(line, style_of_state(state), state, 16);
    if (!isnan(back_in)) {
        put(line, STYLE_PLAIN, " for ");
        put(line, STYLE_PLAIN, units_span(back_in, text));
    }
    if (*why) {
        put(line, STYLE_PLAIN, ", ");
        put_foreign(line, STYLE_PLAIN, why, line->width);
    }
    end_line(line);
}

/* A place in the list; the lines outside of the window are passed over. */
struct window {
    size_t at, first, end;
};

static bool is_seen(struct window *window)
{
    size_t at = window->at++;
    return at >= window->first && at < window->end;
}

static void add_list(struct line *line, const struct frame_view *view, struct window *window)
{
    static const struct rate unknown;
    const json_t *upstream, *endpoint;
    size_t i, k;
    field_each(field(view->status, "upstreams"), i, upstream) {
        const struct rate *rate = rates_find(view->rates, field_text(upstream, "name"));
        if (is_seen(window))
            add_upstream(line, upstream, rate ? rate : &unknown);
        field_each(field(upstream, "endpoints"), k, endpoint)
            if (is_seen(window))
                add_endpoint(line, endpoint);
    }
}

static size_t list_length(const json_t *upstreams)
{
    const json_t *upstream;
    size_t i, count = field_count(upstreams);
    field_each(upstreams, i, upstream)
        count += field_count(field(upstream, "endpoints"));
    return count;
}

/* --- the picture ----------------------------------------------------------------------------- */

static void add_foot(struct line *line, size_t first, size_t shown, size_t all)
{
    struct text text = {0};
    put(line, STYLE_DIM, "q quits");
    if (shown < all) {
        text_add(&text, ", arrows scroll: lines %zu to %zu of %zu", first + 1, first + shown, all);
        put(line, STYLE_DIM, text_string(&text));
    }
    text_add(line->out, "\033[K");
    text_clear(&text);
}

size_t frame_page(size_t height)
{
    size_t around = (height < LOW ? LOW_HEAD_LINES : HEAD_LINES) + FOOT_LINES;
    return height > around ? height - around : 0;
}

size_t frame_add(struct text *out, const struct frame_view *view)
{
    struct line line = {.out = out, .width = view->width};
    size_t all = list_length(field(view->status, "upstreams")), page = frame_page(view->height);
    size_t furthest = all > page ? all - page : 0;
    size_t first = view->scroll < furthest ? view->scroll : furthest;
    struct window window = {.first = first, .end = first + page};
    text_add(out, "\033[H");
    if (page > 0) {
        add_title(&line, view);
        add_totals(&line, view);
        if (view->height >= LOW) {
            add_curves(&line, &view->rates->all);
            end_line(&line);
        }
        add_headings(&line);
        add_list(&line, view, &window);
        for (size_t i = all; i < page; i++)
            end_line(&line);
    } else {
        for (size_t i = 1; i < view->height; i++)
            end_line(&line);
    }
    add_foot(&line, first, page < all ? page : all, all);
    return furthest;
}

void frame_add_line(struct text *out, const struct frame_view *view)
{
    char clock[UNITS_MAX], opened[UNITS_MAX], active[UNITS_MAX], errors[UNITS_MAX];
    char failed[UNITS_MAX], p99[UNITS_MAX];
    const struct rate *all = &view->rates->all;
    const json_t *upstreams = field(view->status, "upstreams"), *upstream;
    double now = field_moment(view->status, "now");
    size_t i, endpoints = 0, in = 0;
    field_each(upstreams, i, upstream) {
        endpoints += field_count(field(upstream, "endpoints"));
        in += status_in_rotation(field(upstream, "endpoints"));
    }
    text_add(out, "%s new/s %s active %s errors/s %s redials/s %s p99 %s up %zu/%zu\n",
             units_clock(now, now, clock), units_rate(series_at(&all->opened, 0), opened),
             units_count(series_at(&all->active, 0), active),
             units_rate(series_at(&all->errors, 0), errors),
             units_rate(series_at(&all->failed, 0), failed),
             units_span(series_at(&all->p99, 0), p99), in, endpoints);
}
