#include "report/report.h"

#include "base/colour.h"
#include "base/digits.h"
#include "figures/cells.h"
#include "report/azure_tables.h"
#include "report/incidents_show.h"
#include "report/patterns_show.h"
#include "report/table.h"
#include "report/tables.h"
#include "report/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 60

struct terminal {
    const struct results *results;
    struct text *out;
    bool colour;
    size_t width;
};

static void heading(const struct terminal *terminal, const char *title)
{
    text_printf(terminal->out,
                terminal->colour ? "\n" COLOUR_HEADING "%s" COLOUR_OFF "\n" : "\n%s\n", title);
}

static const char *verdict_colour(enum verdict verdict)
{
    static const char *const colours[] = {"", COLOUR_GOOD, COLOUR_BAD, COLOUR_UNSURE,
                                          COLOUR_INVALID};
    return colours[verdict];
}

static void head(const struct terminal *terminal)
{
    const struct results *results = terminal->results;
    struct text line = {0};
    text_printf(&line, "Run %s, profile %s", results_fact(results, "run", "id"),
                results_fact(results, "run", "profile"));
    display_folded(terminal->out, text_str(&line), 0, terminal->width);
    text_clear(&line);
    text_puts(terminal->out, "\n");
    words_run(results, &line);
    display_folded(terminal->out, text_str(&line), 0, terminal->width);
    text_puts(terminal->out, "\n");
    text_clear(&line);
    text_printf(terminal->out, "Verdict: %s%s%s, ",
                terminal->colour ? verdict_colour(results->verdict) : "",
                verdict_name(results->verdict), terminal->colour ? COLOUR_OFF : "");
    words_verdict(results, &line);
    display_folded(terminal->out, text_str(&line),
                   strlen("Verdict: , ") + strlen(verdict_name(results->verdict)), terminal->width);
    text_puts(terminal->out, "\n");
    text_free(&line);
}

typedef void table_builder(const struct results *results, struct table *table);

/* Draws a table under its heading, unless it has no rows. */
static void section(const struct terminal *terminal, const char *title, table_builder *build)
{
    struct table table = {0};
    build(terminal->results, &table);
    if (table.failed || table.count > table.columns) {
        heading(terminal, title);
        table_draw(&table, 2, terminal->colour, terminal->out);
    }
    table_free(&table);
}

static void windows(const struct terminal *terminal, const struct grouping *grouping)
{
    struct text title = {0};
    struct text plain = {0};
    text_puts(&title, "By window, ");
    words_grouping(grouping, &title);
    display_plain(&plain, text_str(&title), SIZE_MAX);
    heading(terminal, text_str(&plain));
    text_free(&title);
    text_free(&plain);
    struct table table = {0};
    size_t left_out = tables_windows(terminal->results, grouping, MAX_ROWS, false, &table);
    table_draw(&table, 2, terminal->colour, terminal->out);
    table_free(&table);
    if (grouping->slice_count == 0)
        text_puts(terminal->out, "  The run has no interval in this window.\n");
    if (left_out > 0) {
        text_puts(terminal->out, "  ");
        words_left_out(left_out, terminal->out);
        text_puts(terminal->out, "\n");
    }
}

/* A paragraph under a heading, wrapped. */
static void paragraph(const struct terminal *terminal, const char *text)
{
    text_puts(terminal->out, "  ");
    display_folded(terminal->out, text, 2, terminal->width);
    text_puts(terminal->out, "\n");
}

#define INCIDENTS_MOST 10

static void incidents(const struct terminal *terminal)
{
    size_t count;
    const struct results *results = terminal->results;
    const struct run_incident **chosen = incidents_chosen(results, INCIDENTS_MOST, &count);
    struct text line = {0};
    heading(terminal, "Incidents");
    incidents_summary(results, &line);
    paragraph(terminal, text_str(&line));
    for (size_t k = 0; chosen != NULL && k < count; k++) {
        text_clear(&line);
        text_printf(&line, "Incident %zu ", (size_t)(chosen[k] - results->incidents->list) + 1);
        incident_words(results, chosen[k], &line);
        text_puts(&line, "; ");
        incident_details(results, chosen[k], &line);
        paragraph(terminal, text_str(&line));
    }
    if (count < results->incidents->count)
        paragraph(terminal, "Those with the most failures; `rushhour report RUN --json` has all.");
    if (results->incidents->count > 0)
        section(terminal, "Outside of incidents", incidents_outside_table);
    free(chosen);
    text_free(&line);
}

static void holds(const struct terminal *terminal)
{
    struct text line = {0};
    words_holds(terminal->results, &line);
    section(terminal, "Regions whose load was held back", tables_holds);
    if (line.length > 0) text_puts(terminal->out, "\n");
    if (line.length > 0) paragraph(terminal, text_str(&line));
    text_free(&line);
}

static void azure(const struct terminal *terminal)
{
    if (terminal->results->azure == NULL) return;
    struct text line = {0};
    section(terminal, "What Azure says: service health", tables_health);
    section(terminal, "What Azure says, beside our windows", tables_azure);
    words_azure(terminal->results, &line);
    text_puts(terminal->out, "\n");
    paragraph(terminal, text_str(&line));
    text_free(&line);
}

static void generator(const struct terminal *terminal)
{
    struct text line = {0};
    words_generator(terminal->results, &line);
    heading(terminal, "Load generator");
    paragraph(terminal, text_str(&line));
    text_clear(&line);
    words_abort_rule(terminal->results, &line);
    if (line.length > 0) heading(terminal, "Abort rule");
    if (line.length > 0) paragraph(terminal, text_str(&line));
    text_free(&line);
}

/* Each line of a text as a paragraph. */
static void paragraphs(const struct terminal *terminal, const char *line)
{
    while (*line != '\0') {
        struct text one = {0};
        size_t length = strcspn(line, "\n");
        text_append(&one, line, length);
        paragraph(terminal, text_str(&one));
        text_free(&one);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

static void notes(const struct terminal *terminal)
{
    const char *lines = text_str(&terminal->results->notes);
    if (*lines != '\0') heading(terminal, "Notes");
    paragraphs(terminal, lines);
}

static void threshold_words(const struct terminal *terminal)
{
    struct text lines = {0};
    words_thresholds(terminal->results, &lines);
    paragraphs(terminal, text_str(&lines));
    text_free(&lines);
}

static void definition(const struct terminal *terminal, const char *word, const char *meaning)
{
    struct text line = {0};
    text_printf(&line, "%s: %s", word, meaning);
    paragraph(terminal, text_str(&line));
    text_free(&line);
}

/* Defines what the tables above use, and no more: the pages have the whole list. */
static void definitions(const struct terminal *terminal)
{
    size_t count;
    const struct definition *list = words_definitions(&count);
    heading(terminal, "What the words mean (report.md has the whole list)");
    for (size_t i = 0; i < count; i++) {
        if (words_needed(terminal->results, &list[i]))
            definition(terminal, list[i].word, list[i].meaning);
    }
    for (int m = 0; m < METRIC_COUNT; m++) {
        enum metric metric = (enum metric)m;
        const bool shown = metric_has(metric, METRIC_SHOWN) || metric_has(metric, METRIC_OF_SPEECH);
        if (shown && words_metric_used(terminal->results, metric))
            definition(terminal, metric_name(metric), metric_meaning(metric));
    }
}

/* ---- the brief form ---- */

#define BRIEF_THRESHOLDS 8
#define BRIEF_WORDS 3
#define BRIEF_NOTES 4
#define BRIEF_LEAST 40 /* columns */
#define BRIEF_CODES 5

static void brief_thresholds(const struct terminal *terminal)
{
    const struct results *results = terminal->results;
    struct table table = {0};
    tables_thresholds_brief(results, BRIEF_THRESHOLDS, terminal->width - 2, &table);
    if (table.failed || table.count > table.columns) {
        heading(terminal, "Thresholds");
        table_draw(&table, 2, terminal->colour, terminal->out);
    }
    table_free(&table);
    if (results->judged_count > BRIEF_THRESHOLDS)
        paragraph(terminal, "Of many thresholds those that did not pass; the report has all.");
}

/* What the verdicts rest on: of the first that did not pass, and of one that did, as the others are
 * alike. */
static void brief_words(const struct terminal *terminal)
{
    const struct results *results = terminal->results;
    size_t told = 0;
    size_t passed = 0;
    for (size_t i = 0; i < results->judged_count && told < BRIEF_WORDS; i++) {
        const struct judged *judged = &results->judged[i];
        const bool pass = judged->of.verdict == VERDICT_PASS;
        struct text line = {0};
        text_printf(&line, "%s: ", judged->expression);
        const size_t before = line.length;
        words_threshold(judged, &line);
        if (line.length > before && (!pass || passed == 0)) {
            paragraph(terminal, text_str(&line));
            told++;
        }
        passed += line.length > before && pass;
        text_free(&line);
    }
    if (told == BRIEF_WORDS || passed > 1)
        paragraph(terminal, "What the other verdicts rest on is in the report.");
}

static void brief_regions(const struct terminal *terminal)
{
    struct table table = {0};
    heading(terminal, "Regions, in this run");
    tables_regions(terminal->results, terminal->width - 2, &table);
    table_draw(&table, 2, terminal->colour, terminal->out);
    table_free(&table);
}

/* "most frequent: server_error 122, stall 16" */
static void brief_codes(const struct terminal *terminal)
{
    struct tally *codes;
    const size_t count = report_cell_codes(&terminal->results->all, &codes);
    struct text line = {0};
    for (size_t i = 0; i < count && i < BRIEF_CODES; i++) {
        text_printf(&line, "%s%s ", i == 0 ? "most frequent: " : ", ", codes[i].code);
        text_count(&line, codes[i].count);
    }
    if (count > BRIEF_CODES) text_printf(&line, ", and %zu more codes", count - BRIEF_CODES);
    if (count > 0) paragraph(terminal, text_str(&line));
    free(codes);
    text_free(&line);
}

/* The worst incident, or that there was none. */
static void brief_incidents(const struct terminal *terminal)
{
    size_t count;
    const struct results *results = terminal->results;
    const struct run_incident **chosen = incidents_chosen(results, 1, &count);
    struct text line = {0};
    if (chosen == NULL || count == 0) {
        heading(terminal, "Incidents");
        incidents_summary(results, &line);
    } else {
        heading(terminal, results->incidents->count == 1 ? "The incident" : "The worst incident");
        if (results->incidents->count > 1)
            text_printf(&line, "Of %zu the one with the most failures ", results->incidents->count);
        incident_words(results, chosen[0], &line);
        text_puts(&line, "; ");
        incident_details(results, chosen[0], &line);
    }
    paragraph(terminal, text_str(&line));
    free(chosen);
    text_free(&line);
}

/* How each of the notes begins. */
static void brief_notes(const struct terminal *terminal)
{
    const char *line = text_str(&terminal->results->notes);
    if (*line != '\0') heading(terminal, "Notes, as they begin");
    for (size_t told = 0; *line != '\0'; told++) {
        const size_t length = strcspn(line, "\n");
        struct text one = {0};
        text_append(&one, line, length);
        if (told == BRIEF_NOTES) {
            paragraph(terminal, "... and more in the report");
            line = "";
        } else {
            text_puts(terminal->out, "  ");
            const bool fits = display_width(text_str(&one)) + 2 <= terminal->width;
            display_plain(terminal->out, text_str(&one), terminal->width - (fits ? 2 : 6));
            text_puts(terminal->out, fits ? "\n" : " ...\n");
            line += length + (line[length] == '\n' ? 1 : 0);
        }
        text_free(&one);
    }
}

void results_brief(const struct results *results, bool colour, size_t width, struct text *out)
{
    const struct terminal terminal = {results, out, colour,
                                      width < BRIEF_LEAST ? BRIEF_LEAST : width};
    head(&terminal);
    brief_thresholds(&terminal);
    if (results->judged_count <= BRIEF_THRESHOLDS) brief_words(&terminal);
    brief_regions(&terminal);
    brief_codes(&terminal);
    brief_incidents(&terminal);
    brief_notes(&terminal);
}

void results_warning(const struct results *results, bool colour, size_t width, struct text *out)
{
    struct text line = {0};
    if (report_cell_valid(&results->all)) return;
    text_puts(&line, "This machine was busy, or the load was not as asked; the figures are not to "
                     "be trusted, run "
                     "again: ");
    report_cell_why(&results->all, &line);
    text_printf(out, "\n%s", colour ? COLOUR_INVALID : "");
    display_folded(out, text_str(&line), 0, width);
    text_printf(out, "%s\n", colour ? COLOUR_OFF : "");
    text_free(&line);
}

/* ---- the whole report ---- */

void results_text(const struct results *results, bool colour, struct text *out)
{
    const struct terminal terminal = {results, out, colour, TERMINAL_WIDTH};
    head(&terminal);
    section(&terminal, "Thresholds", tables_thresholds);
    threshold_words(&terminal);
    incidents(&terminal);
    section(&terminal, "Failures by region", tables_failures);
    section(&terminal,
            "Latency by region, attempts that got an answer (interactions: to their end)",
            tables_latency);
    section(&terminal, "Latency by region, all attempts (a failure counts as infinite)",
            tables_all_attempts);
    section(&terminal, "Voice: how turns were taken, and the silence that users felt",
            tables_voice);
    section(
        &terminal,
        "Voice: how answers were heard (rtf: time to come over time to play; gaps by prebuffer)",
        tables_heard);
    for (size_t g = 0; g < results->grouping_count; g++) {
        if (results->groupings[g].shown) windows(&terminal, &results->groupings[g]);
    }
    section(&terminal, "Failure rate by hour of the day", patterns_hours_table);
    section(&terminal, "The window that stands out most", patterns_concentration_table);
    section(&terminal, "Do regions fail at the same times?", patterns_together_table);
    section(&terminal, "Failures by region and code", tables_codes);
    section(&terminal, "Failures by code, and what to do", tables_advice);
    section(&terminal, "Ends that are not failures", tables_lifecycle);
    section(&terminal,
            "What retries hid: where turns that failed at first were answered, and the cost",
            tables_retries);
    section(&terminal,
            "Second attempts in another region (hedged), those that answered first, and what "
            "answers that were not used cost",
            tables_hedges);
    section(&terminal, "Sessions that were tried once more after a failed response", tables_probes);
    section(&terminal, "By the size of the conversation before the turn, in tokens",
            tables_context);
    holds(&terminal);
    section(&terminal, "Limits that the service told, against the quota", tables_limits);
    azure(&terminal);
    generator(&terminal);
    notes(&terminal);
    definitions(&terminal);
}
