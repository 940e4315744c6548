/* A comparison for a terminal, and as Markdown for a pull request or ticket. */
#include "compare/words.h"

#include "base/colour.h"
#include "compare/incidents.h"

#include <string.h>

typedef void table_builder(const struct compared *comparison, struct table *table);

static const struct {
    const char *title;
    table_builder *build;
} sections[] = {
    {"What differs between the runs", compare_table_changes},
    {"Metrics", compare_table_metrics},
    {"Incidents, and what fails outside of them (without quota, configuration and unhealthy times)",
     compare_table_incidents},
    {"Beyond what happened in the other regions (difference in differences, attempts failed)",
     compare_table_beyond},
    {"What would settle it", compare_table_needed},
    {"Failure codes", compare_table_codes},
};

static const char *verdict_colour(enum compare_verdict verdict)
{
    static const char *const colours[] = {COLOUR_GOOD,    COLOUR_GOOD, COLOUR_BAD,   COLOUR_UNSURE,
                                          COLOUR_INVALID, COLOUR_GOOD, COLOUR_UNSURE};
    return colours[verdict];
}

static void folded(const char *line, size_t indent, struct text *out)
{
    for (size_t i = 0; i < indent; i++) text_puts(out, " ");
    display_folded(out, line, indent, TERMINAL_WIDTH);
    text_puts(out, "\n");
}

/* Appends the notes line by line. */
static void notes_text(const struct compared *comparison, struct text *out)
{
    for (const char *line = text_str(&comparison->notes); *line != '\0';) {
        size_t length = strcspn(line, "\n");
        struct text one = {0};
        text_append(&one, line, length);
        folded(text_str(&one), 2, out);
        text_free(&one);
        line += length + (line[length] == '\n');
    }
}

void compare_text(const struct compared *comparison, bool colour, struct text *out)
{
    struct text line = {0};
    text_printf(out, "Baseline a: ");
    display_plain(out, comparison->label_a, TERMINAL_WIDTH);
    text_printf(out, "\nCompared b: ");
    display_plain(out, comparison->label_b, TERMINAL_WIDTH);
    text_printf(out, "\nVerdict: %s%s%s\n", colour ? verdict_colour(comparison->verdict) : "",
                compare_verdict_name(comparison->verdict), colour ? COLOUR_OFF : "");
    compare_headline(comparison, &line);
    folded(text_str(&line), 2, out);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        struct table table = {0};
        sections[i].build(comparison, &table);
        if (table.failed || table.count > table.columns) {
            text_printf(out, colour ? "\n" COLOUR_HEADING "%s" COLOUR_OFF "\n" : "\n%s\n",
                        sections[i].title);
            table_draw(&table, 2, colour, out);
        }
        table_free(&table);
    }
    text_puts(out, "\n");
    text_clear(&line);
    notes_text(comparison, out);
    text_clear(&line);
    text_puts(&line, "How: ");
    compare_method(comparison, &line);
    folded(text_str(&line), 2, out);
    text_free(&line);
}

static void escaped(struct text *line, struct text *out)
{
    markdown_plain(out, text_str(line));
    text_puts(out, "\n");
    text_clear(line);
}

void compare_markdown(const struct compared *comparison, struct text *out)
{
    struct text line = {0};
    text_printf(out, "# Comparison: %s\n\n", compare_verdict_name(comparison->verdict));
    compare_headline(comparison, &line);
    escaped(&line, out);
    text_puts(out, "\n- a (baseline): ");
    text_puts(&line, comparison->label_a);
    escaped(&line, out);
    text_puts(out, "- b: ");
    text_puts(&line, comparison->label_b);
    escaped(&line, out);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        struct table table = {0};
        sections[i].build(comparison, &table);
        if (table.failed || table.count > table.columns) {
            text_printf(out, "\n## %s\n\n", sections[i].title);
            table_markdown(&table, out);
        }
        table_free(&table);
    }
    text_puts(out, "\n");
    for (const char *at = text_str(&comparison->notes); *at != '\0';) {
        size_t length = strcspn(at, "\n");
        text_append(&line, at, length);
        text_puts(out, "- ");
        escaped(&line, out);
        at += length + (at[length] == '\n');
    }
    compare_method(comparison, &line);
    text_puts(out, "\nHow: ");
    escaped(&line, out);
    text_free(&line);
}
