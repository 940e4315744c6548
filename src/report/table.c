#include "report/table.h"

#include "base/colour.h"
#include "base/visible.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void push(struct table *table, char *cell)
{
    if (table->count == table->capacity) {
        size_t capacity = table->capacity < 32 ? 32 : table->capacity * 2;
        char **cells = realloc(table->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            table->failed = true;
            free(cell);
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    if (cell == NULL) table->failed = true;
    if (cell != NULL) table->cells[table->count++] = cell;
}

void table_put(struct table *table, const char *string)
{
    push(table, strdup(string));
}

void table_column(struct table *table, const char *heading, bool left)
{
    if (table->columns == TABLE_COLUMNS_MAX) {
        table->failed = true;
        return;
    }
    table->left[table->columns++] = left;
    table_put(table, heading);
}

struct text *table_cell(struct table *table)
{
    return &table->scratch;
}

void table_next(struct table *table)
{
    if (table->scratch.failed) table->failed = true;
    table_put(table, text_str(&table->scratch));
    text_clear(&table->scratch);
}

static void pad(struct text *out, size_t count)
{
    for (size_t i = 0; i < count; i++) text_puts(out, " ");
}

static void measure(const struct table *table, size_t *widths)
{
    memset(widths, 0, TABLE_COLUMNS_MAX * sizeof *widths);
    for (size_t i = 0; i < table->count; i++) {
        size_t width = display_width(table->cells[i]);
        size_t column = i % table->columns;
        if (width > widths[column]) widths[column] = width;
    }
}

/* Draws the last column, wrapped unless the remaining width is too small for that. */
static void draw_last(const struct table *table, const char *cell, size_t column_start,
                      struct text *out)
{
    const size_t least = 24;
    bool folded = table->left[table->columns - 1] && column_start + least <= TERMINAL_WIDTH;
    display_folded(out, cell, column_start, folded ? TERMINAL_WIDTH : SIZE_MAX);
}

static void draw_row(const struct table *table, size_t row, const size_t *widths, size_t indent,
                     struct text *out)
{
    size_t start = indent;
    pad(out, indent);
    for (size_t column = 0; column < table->columns; column++) {
        const char *cell = table->cells[row * table->columns + column];
        size_t space = widths[column] - display_width(cell);
        if (!table->left[column]) pad(out, space);
        if (column == table->columns - 1) {
            draw_last(table, cell, start, out);
            return;
        }
        display_plain(out, cell, SIZE_MAX);
        pad(out, table->left[column] ? space + 2 : 2);
        start += widths[column] + 2;
    }
}

size_t table_width(const struct table *table)
{
    size_t widths[TABLE_COLUMNS_MAX];
    size_t sum = 0;
    if (table->failed || table->columns == 0) return 0;
    measure(table, widths);
    for (size_t i = 0; i < table->columns; i++) sum += widths[i] + (i == 0 ? 0 : 2);
    return sum;
}

void table_draw(const struct table *table, int indent, bool colour, struct text *out)
{
    if (table->failed || table->columns == 0) {
        out->failed = out->failed || table->failed;
        return;
    }
    size_t widths[TABLE_COLUMNS_MAX];
    measure(table, widths);
    for (size_t row = 0; row < table->count / table->columns; row++) {
        bool dim = row == 0 && colour;
        if (dim) text_puts(out, COLOUR_DIM);
        draw_row(table, row, widths, (size_t)indent, out);
        text_puts(out, dim ? COLOUR_OFF "\n" : "\n");
    }
}

void markdown_plain(struct text *out, const char *string)
{
    while (*string != '\0') {
        size_t length;
        const uint32_t point = visible_point(string, &length);
        if (*string == '<' || *string == '>' || *string == '&') {
            char one[2] = {*string, '\0'};
            text_html(out, one);
        } else if (*string == '\n' || *string == '\t') {
            text_puts(out, " ");
        } else if (visible_is_hidden(point)) {
            text_puts(out, "\\"); /* so that the escape is not one of Markdown's */
            visible_escape(out, point);
        } else {
            if (strchr("|\\`*[]", *string) != NULL) text_puts(out, "\\");
            text_append(out, string, length);
        }
        string += length;
    }
}

void table_markdown(const struct table *table, struct text *out)
{
    if (table->failed) out->failed = true;
    for (size_t i = 0; !table->failed && i < table->count; i++) {
        size_t column = i % table->columns;
        text_puts(out, column == 0 ? "| " : " ");
        markdown_plain(out, table->cells[i]);
        text_puts(out, column == table->columns - 1 ? " |\n" : " |");
        if (i != table->columns - 1) continue;
        for (size_t c = 0; c < table->columns; c++)
            text_puts(out, table->left[c] ? "|---" : "|---:");
        text_puts(out, "|\n");
    }
}

/* A cell that is a verdict or a mark gets a class of that name, for its colour. */
static const char *class_of(const struct table *table, size_t i)
{
    static const char *const marks[] = {"pass", "fail", "inconclusive", "invalid", "valid", "none"};
    for (size_t m = 0; m < sizeof marks / sizeof *marks; m++) {
        if (strcmp(table->cells[i], marks[m]) == 0) return marks[m];
    }
    return table->left[i % table->columns] ? "" : "number";
}

static void html_cell(const struct table *table, size_t i, struct text *out)
{
    bool heading = i < table->columns;
    bool row_heading = i % table->columns == 0;
    const char *tag = heading || row_heading ? "th" : "td";
    const char *class = class_of(table, i);
    text_printf(out, "<%s", tag);
    if (heading) text_puts(out, " scope=\"col\"");
    if (!heading && row_heading) text_puts(out, " scope=\"row\"");
    if (class[0] != '\0') text_printf(out, " class=\"%s\"", class);
    text_puts(out, ">");
    text_html(out, table->cells[i]);
    text_printf(out, "</%s>", tag);
}

void table_html(const struct table *table, const char *caption, struct text *out)
{
    if (table->failed) out->failed = true;
    if (table->failed || table->columns == 0) return;
    text_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    text_html(out, caption);
    text_puts(out, "\"><table>\n<caption>");
    text_html(out, caption);
    text_puts(out, "</caption>\n");
    for (size_t i = 0; i < table->count; i++) {
        if (i == 0) text_puts(out, "<thead>");
        if (i == table->columns) text_puts(out, "<tbody>\n");
        if (i % table->columns == 0) text_puts(out, "<tr>");
        html_cell(table, i, out);
        if (i % table->columns == table->columns - 1) text_puts(out, "</tr>\n");
        if (i == table->columns - 1) text_puts(out, "</thead>\n");
    }
    text_puts(out, table->count > table->columns ? "</tbody></table></div>\n" : "</table></div>\n");
}

void table_free(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) free(table->cells[i]);
    free(table->cells);
    text_free(&table->scratch);
    *table = (struct table){0};
}
