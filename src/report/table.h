/* Aligned text tables for terminals, by display width, and the Markdown and HTML forms of the same
 * table. */
#ifndef RUSHHOUR_REPORT_TABLE_H
#define RUSHHOUR_REPORT_TABLE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 16

/* Zero-initialise to start. Memory that ran out shows in the `failed` of the text that it is drawn
 * into. */
struct table {
    size_t columns;
    bool left[TABLE_COLUMNS_MAX]; /* text is aligned left, figures right */
    char **cells;                 /* row by row; the header row first */
    size_t count, capacity;
    struct text scratch; /* the cell under way */
    bool failed;
};

/* Adds a column with its heading; all columns come before the first cell. */
void table_column(struct table *table, const char *heading, bool left);

/* The text to append the next cell to; table_next then takes it. Rows fill from left to right. */
struct text *table_cell(struct table *table);
void table_next(struct table *table);

/* The two in one, for a ready string. */
void table_put(struct table *table, const char *string);

/* Lines are folded here when that is possible: what a terminal of some width shows, and a ticket
 * keeps. */
#define TERMINAL_WIDTH 100

/*
 * Draws with two spaces between columns and `indent` spaces before; heading dimmed when colour is
 * set. Long text in the last column is folded at TERMINAL_WIDTH.
 */
void table_draw(const struct table *table, int indent, bool colour, struct text *out);
void table_markdown(const struct table *table, struct text *out);

/* A real HTML table in a box that scrolls by itself: caption, scopes, the first column as row
 * headings, all escaped. */
void table_html(const struct table *table, const char *caption, struct text *out);
void table_free(struct table *table);

/* Appends a string with Markdown's own characters and HTML escaped, control characters as
 * spaces. */
void markdown_plain(struct text *out, const char *string);

/* Columns that a UTF-8 string takes on a terminal; control characters, which table_plain replaces,
 * count one. */
size_t display_width(const char *string);

/* Appends a string for a terminal: control characters, C1 included, and broken UTF-8 become '?';
 * cut to `width` columns. */
void display_plain(struct text *out, const char *string, size_t width);

/*
 * The same for a paragraph that starts in column `indent`: words that would pass the column `width`
 * go to the next line, which starts with `indent` spaces.
 */
void display_folded(struct text *out, const char *string, size_t indent, size_t width);

#endif
