/* Text tables for terminals, aligned by display width, and the Markdown and HTML forms of the same
 * table. */
#ifndef RUSHHOUR_REPORT_TABLE_H
#define RUSHHOUR_REPORT_TABLE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 16

/* Zero-initialise. Running out of memory sets `failed` in the text that it is drawn into. */
struct table {
    size_t columns;
    bool left[TABLE_COLUMNS_MAX]; /* text is aligned left, figures right */
    char **cells;                 /* row by row, starting with the header */
    size_t count, capacity;
    struct text scratch; /* the current cell */
    bool failed;
};

/* Adds a column with its heading; all columns come before the first cell. */
void table_column(struct table *table, const char *heading, bool left);

/* The text to append the next cell to; table_next completes the cell. Rows fill from left to
 * right. */
struct text *table_cell(struct table *table);
void table_next(struct table *table);

/* table_cell and table_next in one, for an existing string. */
void table_put(struct table *table, const char *string);

/* Lines are wrapped here if possible: suits most terminals and tickets. */
#define TERMINAL_WIDTH 100

/* Draws with two spaces between columns and `indent` spaces before; with a dimmed heading if colour
 * is set. Long text in the last column is wrapped at TERMINAL_WIDTH. */
void table_draw(const struct table *table, int indent, bool colour, struct text *out);
/* How many columns table_draw needs without indent, as long as nothing is wrapped. */
size_t table_width(const struct table *table);
void table_markdown(const struct table *table, struct text *out);

/* An HTML table in a box with its own scrollbar: caption, scopes, the first column as row headings,
 * everything escaped. */
void table_html(const struct table *table, const char *caption, struct text *out);
void table_free(struct table *table);

/* Appends a string with HTML and Markdown's special characters escaped, control characters as
 * spaces. */
void markdown_plain(struct text *out, const char *string);

/* Columns that a UTF-8 string occupies on a terminal; control characters, which table_plain
 * replaces, count as one. */
size_t display_width(const char *string);

/* Appends a string for a terminal: control characters, including C1, and invalid UTF-8 become '?';
 * truncated to `width` columns. */
void display_plain(struct text *out, const char *string, size_t width);

/* As display_plain, for a paragraph that starts in column `indent`: words that would exceed the
 * column `width` go to the next line, which starts with `indent` spaces. */
void display_folded(struct text *out, const char *string, size_t indent, size_t width);

#endif
