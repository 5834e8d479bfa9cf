#ifndef REDIAL_CTL_TABLE_H
#define REDIAL_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/style.h"
#include "ctl/text.h"

#define TABLE_COLUMNS_MAX 12

struct column {
    const char *heading;
    bool right;    /* numbers */
    bool optional; /* left out where every row has "" */
    size_t most;   /* longer cells lose their middle; 0: no matter */
};

/* Rows of cells under headings. A row whose first cell is too long for the width gets a line more:
 * the first cell has one of its own. */
struct table;

/* The columns are borrowed. */
struct table *table_new(const struct column *columns, size_t count);
void table_free(struct table *table);

/* The next cell, row after row; the text may hold anything, and NULL is "-". */
void table_cell(struct table *table, enum style style, const char *foreign);

/* Adds all of it, each line indented. `width` is that of the whole line. */
void table_print(const struct table *table, struct text *out, size_t indent, size_t width);

#endif
