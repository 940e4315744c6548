#include "report/report.h"

#include "report/azure_tables.h"
#include "report/incidents_show.h"
#include "report/patterns_show.h"
#include "report/table.h"
#include "report/tables.h"
#include "report/words.h"

#define MAX_ROWS 200

typedef void table_builder(const struct results *results, struct table *table);
typedef void sentence(const struct results *results, struct text *out);

static void escaped(const struct results *results, sentence *write, struct text *out)
{
    struct text line = {0};
    write(results, &line);
    markdown_plain(out, text_str(&line));
    text_free(&line);
}

static void section(const struct results *results, const char *title, table_builder *build,
                    struct text *out)
{
    struct table table = {0};
    build(results, &table);
    if (table.failed || table.count > table.columns) {
        text_printf(out, "\n## %s\n\n", title);
        table_markdown(&table, out);
    }
    table_free(&table);
}

static void windows(const struct results *results, const struct grouping *grouping,
                    struct text *out)
{
    struct text title = {0};
    struct table table = {0};
    words_grouping(grouping, &title);
    text_puts(out, "\n## By window, ");
    markdown_plain(out, text_str(&title));
    text_puts(out, "\n\n");
    text_free(&title);
    size_t left_out = tables_windows(results, grouping, MAX_ROWS, true, &table);
    table_markdown(&table, out);
    table_free(&table);
    if (left_out == 0) return;
    text_puts(out, "\n");
    words_left_out(left_out, out);
    text_puts(out, "\n");
}

static void incidents(const struct results *results, struct text *out)
{
    struct table table = {0};
    text_puts(out, "\n## Incidents\n\n");
    escaped(results, incidents_summary, out);
    text_puts(out, "\n");
    if (results->incidents->count == 0) return;
    incidents_table(results, &table);
    text_puts(out, "\n");
    table_markdown(&table, out);
    table_free(&table);
    section(results, "Outside of incidents", incidents_outside_table, out);
}

static void holds(const struct results *results, struct text *out)
{
    struct text line = {0};
    words_holds(results, &line);
    section(results, "Regions whose load was held back", tables_holds, out);
    if (line.length > 0) text_puts(out, "\n");
    markdown_plain(out, text_str(&line));
    if (line.length > 0) text_puts(out, "\n");
    text_free(&line);
}

static void azure(const struct results *results, struct text *out)
{
    if (results->azure == NULL) return;
    section(results, "What Azure says: service health", tables_health, out);
    section(results, "What Azure says, beside our windows", tables_azure, out);
    text_puts(out, "\n");
    escaped(results, words_azure, out);
    text_puts(out, "\n");
}

/* Each line of a text as an item. */
static void items(const char *line, struct text *out)
{
    while (*line != '\0') {
        struct text one = {0};
        size_t length = 0;
        while (line[length] != '\0' && line[length] != '\n') length++;
        text_append(&one, line, length);
        text_puts(out, "- ");
        markdown_plain(out, text_str(&one));
        text_puts(out, "\n");
        text_free(&one);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

static void notes(const struct results *results, struct text *out)
{
    const char *lines = text_str(&results->notes);
    if (*lines != '\0') text_puts(out, "\n## Notes\n\n");
    items(lines, out);
}

static void threshold_words(const struct results *results, struct text *out)
{
    struct text lines = {0};
    words_thresholds(results, &lines);
    if (lines.length > 0) text_puts(out, "\n");
    items(text_str(&lines), out);
    text_free(&lines);
}

static void definitions(const struct results *results, struct text *out)
{
    size_t count;
    const struct definition *list = words_definitions(&count);
    text_puts(out, "\n## What the words mean\n\n");
    for (size_t i = 0; i < count; i++) {
        text_printf(out, "- **%s**: ", list[i].word);
        markdown_plain(out, list[i].meaning);
        text_puts(out, "\n");
    }
    for (int m = 0; m < METRIC_COUNT; m++) {
        enum metric metric = (enum metric)m;
        if (!words_metric_used(results, metric)) continue;
        text_printf(out, "- **%s**: %s\n", metric_name(metric), metric_meaning(metric));
    }
}

void results_markdown(const struct results *results, struct text *out)
{
    text_puts(out, "# Run ");
    markdown_plain(out, results_fact(results, "run", "id"));
    text_puts(out, "\n\nProfile ");
    markdown_plain(out, results_fact(results, "run", "profile"));
    text_puts(out, ": ");
    escaped(results, words_run, out);
    text_printf(out, "\n\n**Verdict: %s**, ", verdict_name(results->verdict));
    words_verdict(results, out);
    text_puts(out, "\n");
    section(results, "Thresholds", tables_thresholds, out);
    threshold_words(results, out);
    incidents(results, out);
    section(results, "Failures by region", tables_failures, out);
    section(results, "Latency by region, attempts that got an answer (interactions: to their end)",
            tables_latency, out);
    section(results, "Latency by region, all attempts (a failure counts as infinite)",
            tables_all_attempts, out);
    section(results, "Every latency metric by region", tables_metrics, out);
    section(results, "Voice: how turns were taken, and the silence that users felt", tables_voice,
            out);
    section(
        results,
        "Voice: how answers were heard (rtf: time to come over time to play; gaps by prebuffer)",
        tables_heard, out);
    for (size_t g = 0; g < results->grouping_count; g++) {
        if (results->groupings[g].shown) windows(results, &results->groupings[g], out);
    }
    section(results, "Failure rate by hour of the day", patterns_hours_table, out);
    section(results, "The window that stands out most", patterns_concentration_table, out);
    section(results, "Do regions fail at the same times?", patterns_together_table, out);
    section(results, "Failures by region and code", tables_codes, out);
    section(results, "Failures by code, and what to do", tables_advice, out);
    section(results, "Ends that are not failures", tables_lifecycle, out);
    section(results,
            "What retries hid: where turns that failed at first were answered, and the cost",
            tables_retries, out);
    section(results,
            "Second attempts in another region (hedged), those that answered first, and what "
            "answers that were not used cost",
            tables_hedges, out);
    section(results, "Sessions that were tried once more after a failed response", tables_probes,
            out);
    section(results, "By the size of the conversation before the turn, in tokens", tables_context,
            out);
    holds(results, out);
    section(results, "Limits that the service told, against the quota", tables_limits, out);
    azure(results, out);
    text_puts(out, "\n## Load generator\n\n");
    escaped(results, words_generator, out);
    text_puts(out, "\n");
    if (results_abort_rule(results) != NULL) {
        text_puts(out, "\n## Abort rule\n\n");
        escaped(results, words_abort_rule, out);
        text_puts(out, "\n");
    }
    notes(results, out);
    definitions(results, out);
}
