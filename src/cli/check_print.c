#include "cli/check_print.h"

#include "base/colour.h"
#include "check/differ.h"
#include "report/format.h"
#include "report/table.h"

#include <string.h>

#define INDENT ((size_t)2)
#define GAP 2
#define NAMES_WIDTH 17 /* the longest name of a step or fact */
#define VALUE_MOST 32

/* One value in a table: its text, its colour ("" if none), and whether it stands out. */
struct value {
    struct text text;
    const char *colour;
    bool marked;
};

typedef void value_maker(const struct check_page *page, size_t region, size_t row,
                         struct value *value);

static void heading(const struct check_page *page, const char *title, struct text *out)
{
    text_printf(out, page->colour ? "\n" COLOUR_HEADING "%s" COLOUR_OFF "\n" : "\n%s\n", title);
}

static void pad(struct text *out, size_t count)
{
    for (size_t i = 0; i < count; i++) text_puts(out, " ");
}

/* ---- values ---- */

static void step_value(const struct check_page *page, size_t region, size_t row,
                       struct value *value)
{
    const struct check_result *result = &page->regions[region].steps[row];
    value->marked = step_stands_out(page->regions, page->count, region, (enum check_step)row);
    switch (result->status) {
    case CHECK_OK:
        if (result->ns > 0) {
            format_us(&value->text, (double)result->ns / 1e3);
        } else {
            text_puts(&value->text, "ok");
        }
        break;
    case CHECK_FAILED:
        text_puts(&value->text, "FAILED");
        value->colour = COLOUR_BAD;
        value->marked = false; /* it already stands out */
        break;
    case CHECK_SKIPPED:
    case CHECK_PENDING:
        text_puts(&value->text, "-");
        value->colour = COLOUR_DIM;
        break;
    }
}

static void fact_value(const struct check_page *page, size_t region, size_t row,
                       struct value *value)
{
    struct text whole = {0};
    fact_text(&page->regions[region], (enum check_fact)row, &whole);
    value->marked = fact_stands_out(page->regions, page->count, region, (enum check_fact)row);
    if (whole.length == 0) {
        text_puts(&value->text, "-");
        value->colour = COLOUR_DIM;
    } else {
        bool cut = display_width(text_str(&whole)) > VALUE_MOST;
        display_plain(&value->text, text_str(&whole), cut ? VALUE_MOST - 2 : VALUE_MOST);
        if (cut) text_puts(&value->text, "..");
    }
    text_free(&whole);
}

static size_t value_width(const struct value *value)
{
    return display_width(text_str(&value->text)) + (value->marked ? 2 : 0);
}

static size_t make(const struct check_page *page, value_maker *maker, size_t region, size_t row,
                   struct value *value)
{
    text_clear(&value->text);
    value->colour = "";
    value->marked = false;
    maker(page, region, row, value);
    return value_width(value);
}

/* ---- tables: a row per step or fact, a column per region; as many columns as fit, the others
 * below ---- */

struct grid {
    const struct check_page *page;
    value_maker *maker;
    const char *(*row_name)(size_t row);
    size_t rows;
    bool right; /* values are right-aligned */
};

static const char *step_row(size_t row)
{
    return check_step_name((enum check_step)row);
}

static const char *fact_row(size_t row)
{
    return fact_name((enum check_fact)row);
}

/* Rows without any known value, and those shown once for all regions. */
static bool left_out(const struct grid *grid, size_t row)
{
    const struct check_page *page = grid->page;
    if (grid->maker == step_value) return false;
    if (fact_is_common(page->regions, page->count, (enum check_fact)row)) return true;
    struct value value = {0};
    bool empty = true;
    for (size_t i = 0; i < page->count && empty; i++) {
        (void)make(grid->page, grid->maker, i, row, &value);
        empty = strcmp(text_str(&value.text), "-") == 0;
    }
    text_free(&value.text);
    return empty;
}

static size_t column_width(const struct grid *grid, size_t region)
{
    struct value value = {0};
    size_t width = display_width(grid->page->regions[region].region->name);
    for (size_t row = 0; row < grid->rows; row++) {
        if (left_out(grid, row)) continue;
        size_t wide = make(grid->page, grid->maker, region, row, &value);
        if (wide > width) width = wide;
    }
    text_free(&value.text);
    return width;
}

/* The end of the columns that fit into the width, from `first` on; at least one. */
static size_t block_end(const struct grid *grid, size_t first)
{
    size_t used = INDENT + NAMES_WIDTH;
    size_t end = first;
    while (end < grid->page->count) {
        used += GAP + column_width(grid, end);
        if (used > grid->page->width && end > first) break;
        end++;
    }
    return end;
}

static void put_value(const struct grid *grid, const struct value *value, size_t width, bool last,
                      struct text *out)
{
    bool colour = grid->page->colour;
    const char *shade = value->marked ? COLOUR_NOTABLE : value->colour;
    size_t space = width > value_width(value) ? width - value_width(value) : 0;
    if (grid->right) pad(out, space);
    if (colour && shade[0] != '\0') text_puts(out, shade);
    text_printf(out, "%s%s", text_str(&value->text), value->marked ? " *" : "");
    if (colour && shade[0] != '\0') text_puts(out, COLOUR_OFF);
    if (!grid->right && !last) pad(out, space);
}

static void put_row(const struct grid *grid, size_t row, size_t first, size_t end,
                    const size_t *widths, struct text *out)
{
    struct value value = {0};
    const char *name = grid->row_name(row);
    pad(out, INDENT);
    text_puts(out, name);
    pad(out, NAMES_WIDTH - strlen(name));
    for (size_t i = first; i < end; i++) {
        (void)make(grid->page, grid->maker, i, row, &value);
        pad(out, GAP);
        put_value(grid, &value, widths[i - first], i + 1 == end, out);
    }
    text_puts(out, "\n");
    text_free(&value.text);
}

static void put_names(const struct grid *grid, size_t first, size_t end, const size_t *widths,
                      struct text *out)
{
    pad(out, INDENT);
    if (grid->page->colour) text_puts(out, COLOUR_DIM);
    pad(out, NAMES_WIDTH);
    for (size_t i = first; i < end; i++) {
        const char *name = grid->page->regions[i].region->name;
        size_t space = widths[i - first] - display_width(name);
        pad(out, GAP + (grid->right ? space : 0));
        text_puts(out, name);
        if (!grid->right && i + 1 < end) pad(out, space);
    }
    text_puts(out, grid->page->colour ? COLOUR_OFF "\n" : "\n");
}

#define COLUMNS_MOST 64

static void put_grid(const struct grid *grid, struct text *out)
{
    for (size_t first = 0; first < grid->page->count;) {
        size_t widths[COLUMNS_MOST];
        size_t end = block_end(grid, first);
        if (end - first > COLUMNS_MOST) end = first + COLUMNS_MOST;
        for (size_t i = first; i < end; i++) widths[i - first] = column_width(grid, i);
        if (first > 0) text_puts(out, "\n");
        put_names(grid, first, end, widths, out);
        for (size_t row = 0; row < grid->rows; row++) {
            if (!left_out(grid, row)) put_row(grid, row, first, end, widths, out);
        }
        first = end;
    }
}

/* First what all regions share, then what is particular to each. */
static void put_facts(const struct check_page *page, struct text *out)
{
    const struct grid facts = {page, fact_value, fact_row, CHECK_FACTS, false};
    bool varied = false;
    heading(page, page->count > 1 ? "What was met, in all regions" : "What was met", out);
    for (size_t row = 0; row < CHECK_FACTS; row++) {
        struct text value = {0};
        varied = varied || !left_out(&facts, row);
        if (!fact_is_common(page->regions, page->count, (enum check_fact)row)) continue;
        fact_text(&page->regions[0], (enum check_fact)row, &value);
        pad(out, INDENT);
        text_puts(out, fact_row(row));
        pad(out, NAMES_WIDTH + GAP - strlen(fact_row(row)));
        display_plain(out, text_str(&value), page->width);
        text_puts(out, "\n");
        text_free(&value);
    }
    if (varied && page->count > 1) text_puts(out, "\n");
    if (varied) put_grid(&facts, out);
}

/* ---- words ---- */

/* " label text", with the text wrapped. */
static void put_line(const struct check_page *page, const char *label, const char *string,
                     struct text *out)
{
    if (string[0] == '\0') return;
    pad(out, 2 * INDENT);
    text_printf(out, page->colour ? COLOUR_DIM "%-5s" COLOUR_OFF "  " : "%-5s  ", label);
    display_folded(out, string, 2 * INDENT + 7, page->width);
    text_puts(out, "\n");
}

static void put_ids(const struct check_page *page, const struct check_region *region,
                    enum check_step step, struct text *out)
{
    struct text ids = {0};
    if (step < CHECK_UPGRADE) return;
    text_printf(&ids, "client request %s", region->client_request_id);
    if (region->request_id[0] != '\0')
        text_printf(&ids, ", service request %s", region->request_id);
    if (region->session_id[0] != '\0') text_printf(&ids, ", session %s", region->session_id);
    if (region->response_id[0] != '\0') text_printf(&ids, ", response %s", region->response_id);
    put_line(page, "ids", text_str(&ids), out);
    text_free(&ids);
}

static void put_failure(const struct check_page *page, const struct check_region *region,
                        enum check_step step, struct text *out)
{
    const struct check_result *result = &region->steps[step];
    bool numbered = result->catalogue[0] == 'F';
    pad(out, INDENT);
    text_printf(
        out, page->colour ? "%s, %s: " COLOUR_BAD "%s" COLOUR_OFF "%s%s%s\n" : "%s, %s: %s%s%s%s\n",
        region->region->name, check_step_name(step), result->code, numbered ? " (" : "",
        numbered ? result->catalogue : "", numbered ? ")" : "");
    put_line(page, "cause", result->cause, out);
    put_line(page, "fix", result->fix, out);
    put_ids(page, region, step, out);
}

static size_t failures_of(const struct check_page *page)
{
    size_t failed = 0;
    for (size_t i = 0; i < page->count; i++) {
        for (enum check_step step = 0; step < CHECK_STEPS; step++)
            failed += page->regions[i].steps[step].status == CHECK_FAILED;
    }
    return failed;
}

static void put_failures(const struct check_page *page, struct text *out)
{
    if (failures_of(page) == 0) return;
    heading(page, "What failed, and what to do", out);
    for (size_t i = 0; i < page->count; i++) {
        for (enum check_step step = 0; step < CHECK_STEPS; step++) {
            if (page->regions[i].steps[step].status == CHECK_FAILED)
                put_failure(page, &page->regions[i], step, out);
        }
    }
}

static void put_differences(const struct check_page *page, struct text *out)
{
    struct text line = {0};
    for (size_t at = 0; differ_line(page->regions, page->count, at, &line); at++) {
        if (at == 0) heading(page, "What differs", out);
        pad(out, INDENT);
        display_folded(out, text_str(&line), 2 * INDENT, page->width);
        text_puts(out, "\n");
        text_clear(&line);
    }
    text_free(&line);
}

static bool has_note(const struct check_region *region, const struct check_note *note)
{
    for (size_t i = 0; i < region->note_count; i++) {
        if (region->notes[i].step == note->step && strcmp(region->notes[i].text, note->text) == 0)
            return true;
    }
    return false;
}

/* "eastus2, westus3, tls: ...": a note about several regions is printed once. */
static void put_note(const struct check_page *page, size_t first, const struct check_note *note,
                     struct text *out)
{
    struct text line = {0};
    size_t names = 0;
    for (size_t i = first; i < page->count; i++) {
        if (!has_note(&page->regions[i], note)) continue;
        text_printf(&line, "%s, ", page->regions[i].region->name);
        names++;
    }
    if (names == page->count && names > 1) {
        text_clear(&line);
        text_puts(&line, "all regions, ");
    }
    text_printf(&line, "%s: %s", check_step_name(note->step), note->text);
    pad(out, INDENT);
    display_folded(out, text_str(&line), 2 * INDENT, page->width);
    text_puts(out, "\n");
    text_free(&line);
}

static void put_notes(const struct check_page *page, struct text *out)
{
    bool any = false;
    for (size_t i = 0; i < page->count; i++) {
        for (size_t k = 0; k < page->regions[i].note_count; k++) {
            const struct check_note *note = &page->regions[i].notes[k];
            bool told = false;
            for (size_t before = 0; before < i; before++)
                told = told || has_note(&page->regions[before], note);
            if (told) continue;
            if (!any) heading(page, "Notes", out);
            any = true;
            put_note(page, i, note, out);
        }
    }
}

static void put_head(const struct check_page *page, struct text *out)
{
    size_t good = 0;
    for (size_t i = 0; i < page->count; i++) good += page->regions[i].ok;
    struct text line = {0};
    text_printf(&line, "Check of profile %s, %zu region%s%s", page->profile, page->count,
                page->count == 1 ? "" : "s", page->simulated ? ", simulated" : "");
    display_folded(out, text_str(&line), 0, page->width);
    text_free(&line);
    bool ok = good == page->count && !page->interrupted;
    const char *verdict = page->interrupted ? "interrupted" : ok ? "ok" : "failed";
    text_printf(out, page->colour ? "\nVerdict: %s%s" COLOUR_OFF : "\nVerdict: %s%s",
                page->colour ? (ok ? COLOUR_GOOD : COLOUR_BAD) : "", verdict);
    if (ok) {
        text_puts(out, ", every region answers\n");
    } else {
        text_printf(out, ", %zu of %zu regions ok\n", good, page->count);
    }
}

void check_print(const struct check_page *page, struct text *out)
{
    const struct grid steps = {page, step_value, step_row, CHECK_STEPS, true};
    put_head(page, out);
    heading(page, "Step by step", out);
    put_grid(&steps, out);
    put_failures(page, out);
    put_differences(page, out);
    put_facts(page, out);
    put_notes(page, out);
}
