#include "report/assets.h"
#include "report/azure_tables.h"
#include "report/format.h"
#include "report/page_data.h"
#include "report/page_head.h"
#include "report/table.h"
#include "report/tables.h"
#include "report/words.h"

/* Rows of all window tables together: with these the page of a long run stays under a megabyte. */
#define MAX_ROWS 600

typedef void table_builder(const struct results *results, struct table *table);

static void asset(struct text *out, struct asset asset)
{
    text_append(out, asset.bytes, asset.length);
}

static void head(const struct results *results, struct text *out)
{
    text_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                   "'unsafe-inline'; "
                   "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
                   "<link rel=\"icon\" href=\"data:,\">\n<title>");
    text_html(out, results_fact(results, "run", "profile"));
    text_printf(out, ": %s, ", verdict_name(results->verdict));
    text_html(out, results_fact(results, "run", "id"));
    text_puts(out, "</title>\n<style>\n");
    asset(out, asset_css());
    text_puts(out, "</style>\n</head>\n");
}

static void title(const struct results *results, struct text *out)
{
    struct text line = {0};
    text_puts(out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n<header>\n"
                   "<p class=\"brand\">rushhour report</p>\n<h1>");
    text_html(out, results_fact(results, "run", "profile"));
    text_puts(out, "</h1>\n<p class=\"run\"><span>");
    text_html(out, results_fact(results, "run", "id"));
    text_puts(out, "</span> ");
    words_run(results, &line);
    text_html(out, text_str(&line));
    text_free(&line);
    text_puts(
        out,
        "</p>\n</header>\n<nav aria-label=\"Sections\">\n"
        "<a href=\"#regions\">Regions</a> <a href=\"#time\">Over time</a> <a href=\"#windows\">Windows</a> "
        "<a href=\"#failures\">Failures</a> <a href=\"#latency\">Latency</a> "
        "<a href=\"#read\">How to read this</a>\n</nav>\n<main id=\"main\">\n");
}

static void table(const struct results *results, const char *caption, table_builder *build, struct text *out)
{
    struct table rows = {0};
    build(results, &rows);
    if (rows.failed || rows.count > rows.columns) table_html(&rows, caption, out);
    table_free(&rows);
}

static void thresholds(const struct results *results, struct text *out)
{
    if (results->judged_count == 0) return;
    text_puts(out, "<section aria-labelledby=\"thresholds\">\n<h2 id=\"thresholds\">Thresholds</h2>\n");
    table(results, "Thresholds of the profile and their verdicts", tables_thresholds, out);
    text_puts(out, "</section>\n");
}

/* A canvas that page.js draws on; its figures go into the table below it when that is opened. */
static void chart(struct text *out, const char *kind, size_t region, const char *name, const char *caption)
{
    text_printf(out, "<figure class=\"r%zu\">\n<figcaption>", region % 8);
    text_html(out, name);
    text_puts(out, name[0] == '\0' ? "" : ": ");
    text_html(out, caption);
    text_printf(
        out,
        "</figcaption>\n<div class=\"chart %s\"><canvas role=\"img\" data-chart=\"%s\" data-region=\"%zu\" "
        "aria-label=\"",
        kind, kind, region);
    text_html(out, name);
    text_puts(out, name[0] == '\0' ? "Chart: " : ", chart: ");
    text_html(out, caption);
    text_puts(out, "; the figures are in the table below it\"></canvas></div>\n"
                   "<details><summary>Figures of this chart</summary><div "
                   "class=\"scroll\"></div></details>\n</figure>\n");
}

static void over_time(const struct results *results, struct text *out)
{
    text_puts(out,
              "<section aria-labelledby=\"time\">\n<h2 id=\"time\">Over time</h2>\n"
              "<noscript><p>The charts need JavaScript; every figure is also in the tables.</p></noscript>\n"
              "<p class=\"hint\" id=\"steps\"></p>\n<div class=\"charts\">\n");
    for (size_t r = 0; r < results->region_count; r++) {
        chart(out, "rate", r, results->regions[r], "failure rate");
    }
    text_puts(out, "</div>\n<div class=\"charts\">\n");
    for (size_t r = 0; r < results->region_count; r++) {
        chart(out, "ttft", r, results->regions[r], "time to first token");
    }
    text_puts(out, "</div>\n</section>\n");
}

static void windows(const struct results *results, struct text *out)
{
    size_t shown = 0;
    for (size_t g = 0; g < results->grouping_count; g++) shown += results->groupings[g].shown;
    if (shown == 0) return;
    text_puts(out, "<section aria-labelledby=\"windows\">\n<h2 id=\"windows\">Windows</h2>\n");
    for (size_t g = 0; g < results->grouping_count; g++) {
        if (!results->groupings[g].shown) continue;
        struct text caption = {0};
        struct table rows = {0};
        text_puts(&caption, "By window, ");
        words_grouping(&results->groupings[g], &caption);
        size_t left_out = tables_windows(results, &results->groupings[g], MAX_ROWS / shown, true, &rows);
        table_html(&rows, text_str(&caption), out);
        if (left_out > 0) {
            text_clear(&caption);
            words_left_out(left_out, &caption);
            text_puts(out, "<p class=\"hint\">");
            text_html(out, text_str(&caption));
            text_puts(out, "</p>\n");
        }
        table_free(&rows);
        text_free(&caption);
    }
    text_puts(out, "</section>\n");
}

static bool any_failure(const struct report_cell *cell)
{
    for (size_t i = 0; i < cell->cell.tally_count; i++) {
        if (cell->cell.tallies[i].domain != DOMAIN_NONE) return true;
    }
    return false;
}

static void failures(const struct results *results, struct text *out)
{
    text_puts(out, "<section aria-labelledby=\"failures\">\n<h2 id=\"failures\">Failures</h2>\n");
    table(results, "Failures by region", tables_failures, out);
    if (any_failure(&results->all)) {
        chart(out, "codes", 0, "", "Failures by code and region");
        table(results, "Failures by code, and what to do", tables_advice, out);
        table(results, "Failures by region and code", tables_codes, out);
    } else {
        text_puts(out, "<p class=\"hint\">No failure was recorded.</p>\n");
    }
    table(results, "Ends that are no failures", tables_lifecycle, out);
    table(results, "Sessions that were tried once more after a failed response", tables_probes, out);
    text_puts(out, "</section>\n");
}

static void azure(const struct results *results, struct text *out)
{
    if (results->azure == NULL) return;
    struct text line = {0};
    words_azure(results, &line);
    text_puts(out, "<section aria-labelledby=\"azure\">\n<h2 id=\"azure\">What Azure says</h2>\n<p>");
    text_html(out, text_str(&line));
    text_puts(out, "</p>\n");
    table(results, "Service health", tables_health, out);
    table(results, "Beside our windows", tables_azure, out);
    text_puts(out, "</section>\n");
    text_free(&line);
}

static void latency(const struct results *results, struct text *out)
{
    text_puts(out, "<section aria-labelledby=\"latency\">\n<h2 id=\"latency\">Latency</h2>\n");
    table(results, "Attempts that got an answer", tables_latency, out);
    table(results, "All attempts: one that failed counts as infinitely slow", tables_all_attempts, out);
    text_puts(out, "<div class=\"charts wide\">\n");
    chart(out, "curve-ttft", 0, "", "Time to first token by percentile, attempts that got an answer");
    chart(out, "curve-response", 0, "", "Response by percentile, attempts that got an answer");
    text_puts(out, "</div>\n<details><summary>Every metric of every region</summary>\n");
    table(results, "Every metric of every region", tables_metrics, out);
    text_puts(out, "</details>\n</section>\n");
}

static void notes(const struct results *results, struct text *out)
{
    const char *line = text_str(&results->notes);
    if (*line == '\0') return;
    text_puts(out, "<section class=\"notes\" aria-labelledby=\"notes\">\n<h2 id=\"notes\">Notes on this "
                   "run</h2>\n<ul>\n");
    while (*line != '\0') {
        struct text one = {0};
        size_t length = 0;
        while (line[length] != '\0' && line[length] != '\n') length++;
        text_append(&one, line, length);
        text_puts(out, "<li>");
        text_html(out, text_str(&one));
        text_puts(out, "</li>\n");
        text_free(&one);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    text_puts(out, "</ul>\n</section>\n");
}

static void definition(struct text *out, const char *word, const char *meaning)
{
    text_puts(out, "<div><dt>");
    text_html(out, word);
    text_puts(out, "</dt><dd>");
    text_html(out, meaning);
    text_puts(out, "</dd></div>\n");
}

static void how_to_read(const struct results *results, struct text *out)
{
    size_t count;
    const struct definition *list = words_definitions(&count);
    text_puts(
        out,
        "<section aria-labelledby=\"read\">\n<h2 id=\"read\">How to read this</h2>\n<dl class=\"words\">\n");
    for (size_t i = 0; i < count; i++) definition(out, list[i].word, list[i].meaning);
    for (int m = 0; m < METRIC_COUNT; m++) {
        enum metric metric = (enum metric)m;
        if (words_metric_used(results, metric)) definition(out, metric_name(metric), metric_meaning(metric));
    }
    text_puts(out, "</dl>\n</section>\n");
}

static void foot(const struct results *results, struct text *out)
{
    text_puts(out, "</main>\n<footer><p>Made by rushhour " RUSHHOUR_VERSION
                   " from the run folder alone. Charts: Chart.js, "
                   "MIT licence.</p></footer>\n<script type=\"application/json\" id=\"figures\">");
    page_data(results, out);
    text_puts(out, "</script>\n<script>\n");
    asset(out, asset_chartjs());
    text_puts(out, "\n</script>\n<script>\n");
    asset(out, asset_js());
    text_puts(out, "</script>\n</body>\n</html>\n");
}

void results_html(const struct results *results, struct text *out)
{
    head(results, out);
    title(results, out);
    page_verdict(results, out);
    page_headline(results, out);
    thresholds(results, out);
    page_regions(results, out);
    over_time(results, out);
    windows(results, out);
    failures(results, out);
    latency(results, out);
    azure(results, out);
    notes(results, out);
    how_to_read(results, out);
    foot(results, out);
}
