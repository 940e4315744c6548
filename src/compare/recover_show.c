/* A recovery for a terminal, and as Markdown for a ticket. */
#include "compare/recover_model.h"

#include "base/colour.h"
#include "compare/words.h"

#include <string.h>

static const char *verdict_colour(enum recover_verdict verdict)
{
    static const char *const colours[] = {COLOUR_GOOD, COLOUR_BAD, COLOUR_BAD, COLOUR_UNSURE,
                                          COLOUR_INVALID};
    return colours[verdict];
}

static void folded(const char *line, size_t indent, struct text *out)
{
    for (size_t i = 0; i < indent; i++) text_puts(out, " ");
    display_folded(out, line, indent, TERMINAL_WIDTH);
    text_puts(out, "\n");
}

/* Calls `put` for each line. */
typedef void line_writer(const char *line, struct text *out);
static void each_line(const char *lines, line_writer *put, struct text *out)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        struct text one = {0};
        text_append(&one, lines, length);
        put(text_str(&one), out);
        out->failed = out->failed || one.failed;
        text_free(&one);
        lines += length + (lines[length] == '\n');
    }
}

static void terminal_line(const char *line, struct text *out)
{
    folded(line, 2, out);
}

static void markdown_line(const char *line, struct text *out)
{
    text_puts(out, "- ");
    markdown_plain(out, line);
    text_puts(out, "\n");
}

static void title_text(const char *title, bool colour, struct text *out)
{
    text_printf(out, colour ? "\n" COLOUR_HEADING "%s" COLOUR_OFF "\n" : "\n%s\n", title);
}

typedef void table_builder(const struct recovered *recovered, struct table *table);

/* What differs, as compare shows it. */
static void changed(const struct recovered *recovered, struct table *table)
{
    if (recovered->changed != NULL) compare_table_changes(recovered->changed, table);
}

static void from_baseline(const struct recovered *recovered, struct table *table)
{
    if (recovered->from_baseline != NULL) compare_table_changes(recovered->from_baseline, table);
}

static void from_beside(const struct recovered *recovered, struct table *table)
{
    if (recovered->from_beside != NULL) compare_table_changes(recovered->from_beside, table);
}

static const struct {
    const char *title;
    table_builder *build;
} sections[] = {
    {"Before, in and since the incident", recover_table_parts},
    {"Both paths in the same minutes", recover_table_beside},
    {"What differs between the runs before (a) and after (b) that time", changed},
    {"What differs between the baseline (a) and the run (b)", from_baseline},
    {"What differs between the other path (a) and the run (b)", from_beside},
};

static void all_regions(const struct recovered *recovered, line_writer *put, struct text *out)
{
    for (size_t i = 0; i < recovered->region_count; i++) {
        struct text line = {0};
        if (i == recovered->deciding || !recovered->regions[i].found.struck) continue;
        recover_region_words(recovered, &recovered->regions[i], &line);
        put(text_str(&line), out);
        out->failed = out->failed || line.failed;
        text_free(&line);
    }
}

void recover_text(const struct recovered *recovered, bool colour, struct text *out)
{
    struct text line = {0};
    text_printf(out, "Verdict: %s%s%s\n", colour ? verdict_colour(recovered->verdict) : "",
                recover_verdict_name(recovered->verdict), colour ? COLOUR_OFF : "");
    recover_headline(recovered, &line);
    folded(text_str(&line), 2, out);
    all_regions(recovered, terminal_line, out);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        struct table table = {0};
        sections[i].build(recovered, &table);
        if (table.failed || table.count > table.columns) {
            title_text(sections[i].title, colour, out);
            table_draw(&table, 2, colour, out);
        }
        table_free(&table);
    }
    title_text("Note for the change ticket", colour, out);
    text_clear(&line);
    recover_note(recovered, &line);
    each_line(text_str(&line), terminal_line, out);
    text_puts(out, "\n");
    each_line(text_str(&recovered->notes), terminal_line, out);
    text_clear(&line);
    text_puts(&line, "How: ");
    recover_method(recovered, &line);
    folded(text_str(&line), 2, out);
    out->failed = out->failed || line.failed;
    text_free(&line);
}

void recover_markdown(const struct recovered *recovered, struct text *out)
{
    struct text line = {0};
    text_printf(out, "# Recovery: %s\n\n", recover_verdict_name(recovered->verdict));
    recover_note(recovered, &line);
    each_line(text_str(&line), markdown_line, out);
    all_regions(recovered, markdown_line, out);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        struct table table = {0};
        sections[i].build(recovered, &table);
        if (table.failed || table.count > table.columns) {
            text_printf(out, "\n## %s\n\n", sections[i].title);
            table_markdown(&table, out);
        }
        table_free(&table);
    }
    text_puts(out, "\n");
    each_line(text_str(&recovered->notes), markdown_line, out);
    text_clear(&line);
    text_puts(&line, "How: ");
    recover_method(recovered, &line);
    markdown_line(text_str(&line), out);
    out->failed = out->failed || line.failed;
    text_free(&line);
}
