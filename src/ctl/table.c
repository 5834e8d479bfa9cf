#include "ctl/table.h"

#include <stdlib.h>

/* Between columns; less where the lines would become too long. */
#define GAP 2
/* The first column is given so many before others are shortened, and these keep so many. */
#define FIRST_MOST 24
#define OTHERS_LEAST 12

struct cell {
    struct text text; /* clean */
    size_t width;
    enum style style;
};

struct table {
    const struct column *columns;
    size_t column_count;
    struct cell *cells;
    size_t count;
};

/* How wide each column is, 0: left out; and what is left for the first one. */
struct layout {
    size_t widths[TABLE_COLUMNS_MAX];
    size_t indent, gap, first_most;
    size_t line_most; /* what a line of its own has room for */
};

struct table *table_new(const struct column *columns, size_t count)
{
    struct table *table = calloc(1, sizeof *table);
    if (!table || count > TABLE_COLUMNS_MAX)
        abort();
    table->columns = columns;
    table->column_count = count;
    return table;
}

void table_free(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        text_clear(&table->cells[i].text);
    free(table->cells);
    free(table);
}

void table_cell(struct table *table, enum style style, const char *foreign)
{
    size_t most = table->columns[table->count % table->column_count].most;
    struct cell *cells = reallocarray(table->cells, table->count + 1, sizeof *cells);
    struct text clean = {0};
    if (!cells)
        abort();
    table->cells = cells;
    struct cell *cell = &cells[table->count++];
    *cell = (struct cell){.style = style};
    text_clean(&clean, foreign ? foreign : "-");
    text_shorten(&cell->text, text_string(&clean), most > 0 ? most : clean.length + 1);
    cell->width = text_width(text_string(&cell->text));
    text_clear(&clean);
}

static void widen(size_t *width, size_t wanted)
{
    *width = wanted > *width ? wanted : *width;
}

/* What all columns but the first take, with the gaps before them. */
static size_t others_width(const struct table *table, const struct layout *layout)
{
    size_t width = 0;
    for (size_t i = 1; i < table->column_count; i++)
        width += layout->widths[i] > 0 ? layout->widths[i] + layout->gap : 0;
    return width;
}

/* Takes the widest column of text in by one. Returns false where none is left to be. */
static bool squeeze(const struct table *table, struct layout *layout)
{
    size_t widest = 0;
    for (size_t i = 1; i < table->column_count; i++) {
        size_t least = text_width(table->columns[i].heading);
        least = least > OTHERS_LEAST ? least : OTHERS_LEAST;
        if (!table->columns[i].right && layout->widths[i] > least &&
            (widest == 0 || layout->widths[i] > layout->widths[widest]))
            widest = i;
    }
    if (widest > 0)
        layout->widths[widest]--;
    return widest > 0;
}

/* As wide as the cells want; then narrower, as far as the line demands and the first column, within
 * reason, needs it. */
static void lay_out(const struct table *table, size_t indent, size_t width, struct layout *layout)
{
    size_t first = 0;
    *layout = (struct layout){
        .indent = indent, .gap = GAP, .line_most = width > indent ? width - indent : 1};
    for (size_t i = 0; i < table->count; i++)
        if (i % table->column_count > 0)
            widen(&layout->widths[i % table->column_count], table->cells[i].width);
        else
            widen(&first, table->cells[i].width);
    for (size_t i = 0; i < table->column_count; i++)
        if (layout->widths[i] > 0 || !table->columns[i].optional)
            widen(&layout->widths[i], text_width(table->columns[i].heading));
    first = first < FIRST_MOST ? first : FIRST_MOST;
    if (indent + first + others_width(table, layout) > width)
        layout->gap = 1;
    while (indent + first + others_width(table, layout) > width && squeeze(table, layout))
        ;
    size_t others = indent + others_width(table, layout);
    layout->first_most = width > others ? width - others : 1;
    for (size_t i = 0; i < table->count; i += table->column_count)
        if (table->cells[i].width <= layout->first_most)
            widen(&layout->widths[0], table->cells[i].width);
}

/* The cell of a line, and the blanks that were owed before it. Owed ones at a line's end are never
 * paid. */
static void print_cell(struct text *out, enum style style, const char *clean, size_t width,
                       size_t column_width, bool right, size_t gap, size_t *owed)
{
    size_t fill = column_width > width ? column_width - width : 0;
    if (width > 0) {
        text_blanks(out, *owed + (right ? fill : 0));
        style_add(out, style, clean);
        *owed = right ? 0 : fill;
    } else {
        *owed += column_width;
    }
    *owed += gap;
}

static void print_row(const struct table *table, const struct layout *layout,
                      const struct cell *cells, struct text *out)
{
    size_t owed = layout->indent;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t width = layout->widths[i];
        struct text text = {0};
        if (width == 0)
            continue;
        text_shorten(&text, text_string(&cells[i].text), i == 0 ? layout->line_most : width);
        print_cell(out, cells[i].style, text_string(&text), text_width(text_string(&text)), width,
                   table->columns[i].right, layout->gap, &owed);
        text_clear(&text);
        if (i == 0 && cells[i].width > layout->first_most) {
            text_add(out, "\n");
            owed = layout->indent + width + layout->gap;
        }
    }
    text_add(out, "\n");
}

void table_print(const struct table *table, struct text *out, size_t indent, size_t width)
{
    struct layout layout;
    size_t owed = indent;
    lay_out(table, indent, width, &layout);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (layout.widths[i] > 0)
            print_cell(out, STYLE_DIM, column->heading, text_width(column->heading),
                       layout.widths[i], column->right, layout.gap, &owed);
    }
    text_add(out, "\n");
    for (size_t i = 0; i + table->column_count <= table->count; i += table->column_count)
        print_row(table, &layout, &table->cells[i], out);
}
