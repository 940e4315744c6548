/* A comparison as a page: the verdict, and each difference as a line with its interval around zero.
 * No script. */
#include "compare/incidents.h"
#include "compare/words.h"
#include "page/assets.h"

#include <math.h>
#include <string.h>

#define PLOT_WIDTH 240.0
#define PLOT_HEIGHT 26.0
#define BAR_HEIGHT 12.0
#define BAR_LEAST 4.0 /* narrower ones would not be seen */

typedef void table_builder(const struct compared *comparison, struct table *table);

static void html_line(struct text *line, struct text *out)
{
    text_html(out, text_str(line));
    text_clear(line);
}

static void head(const struct compared *comparison, struct text *out)
{
    struct asset css = asset_css();
    text_printf(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>%s: ",
        compare_verdict_name(comparison->verdict));
    text_html(out, comparison->label_b);
    text_puts(out, " against ");
    text_html(out, comparison->label_a);
    text_puts(out, "</title>\n<style>\n");
    text_append(out, css.bytes, css.length);
    text_puts(out, "</style>\n</head>\n");
}

static void verdict(const struct compared *comparison, struct text *out)
{
    static const char *const classes[] = {"pass",    "pass", "fail",        "inconclusive",
                                          "invalid", "pass", "inconclusive"};
    static const char *const words[] = {"Equal",   "Better",    "Worse",         "Inconclusive",
                                        "Invalid", "Not worse", "Not comparable"};
    struct text line = {0};
    text_puts(out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n<header>\n"
                   "<p class=\"brand\">rushhour comparison</p>\n<h1>");
    text_html(out, comparison->label_b);
    text_puts(out, "</h1>\n<p class=\"run\">against the baseline <span>");
    text_html(out, comparison->label_a);
    text_printf(out,
                "</span></p>\n</header>\n<main id=\"main\">\n<section class=\"verdict %s\" "
                "aria-label=\"Verdict\">\n<p class=\"word\" data-figure=\"verdict\">%s</p>\n<p "
                "class=\"story\">",
                classes[comparison->verdict], words[comparison->verdict]);
    compare_headline(comparison, &line);
    html_line(&line, out);
    text_puts(out, ".</p>\n</section>\n");
    text_free(&line);
}

/* The largest distance from zero among rows of one kind, so that all of them share a scale. */
static double reach(const struct compared *comparison, bool quantile)
{
    double most = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if ((row->what.kind == THRESHOLD_QUANTILE) != quantile || !row->difference.valid) continue;
        most = fmax(most, fmax(fabs(row->difference.low), fabs(row->difference.high)));
    }
    return most > 0 ? most * 1.05 : 1;
}

static double across(double value, double most)
{
    return PLOT_WIDTH / 2 + value / most * (PLOT_WIDTH / 2 - 4);
}

static void plot(const struct compare_row *row, double most, struct text *out)
{
    static const char *const colours[] = {"pass", "pass", "fail",  "unsure",
                                          "bad",  "pass", "unsure"};
    const struct difference *d = &row->difference;
    struct text words = {0};
    compare_difference_words(row, &words);
    text_printf(
        out,
        "<svg role=\"img\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" aria-label=\"",
        PLOT_WIDTH, PLOT_HEIGHT, PLOT_WIDTH, PLOT_HEIGHT);
    text_html(out, text_str(&words));
    text_puts(out, "\">");
    text_printf(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%.0f\" stroke=\"var(--soft)\"/>",
                PLOT_WIDTH / 2, PLOT_WIDTH / 2, PLOT_HEIGHT);
    if (d->valid) {
        const double middle = PLOT_HEIGHT / 2;
        const double from = across(d->low, most);
        const double width = fmax(BAR_LEAST, across(d->high, most) - from);
        const char *colour = colours[row->verdict];
        text_printf(out,
                    "<rect x=\"%.1f\" width=\"%.1f\" y=\"%.0f\" height=\"%.0f\" rx=\"4\" "
                    "fill=\"var(--%s)\" opacity=\"0.4\"/><circle cx=\"%.1f\" cy=\"%.0f\" "
                    "r=\"5\" fill=\"var(--%s)\"/>",
                    from, width, middle - BAR_HEIGHT / 2, BAR_HEIGHT, colour,
                    across(d->value, most), middle, colour);
    }
    text_puts(out, "</svg>");
    text_free(&words);
}

static void cell(struct text *line, const char *tag, struct text *out)
{
    text_printf(out, "<%s>", tag);
    html_line(line, out);
    text_printf(out, "</%.2s>", tag);
}

/* Where a row stands: failure rates first, and of each kind first what was decided. */
#define PLACES 4
static int place_of(const struct compare_row *row)
{
    const bool rate = row->what.kind == THRESHOLD_ATTEMPT_RATE;
    const bool open = !row->decides || row->verdict == COMPARE_INCONCLUSIVE ||
                      row->verdict == COMPARE_INVALID || row->verdict == COMPARE_NOT_COMPARABLE;
    return (rate ? 0 : 2) + (open ? 1 : 0);
}

static void metric_row(const struct compared *comparison, size_t i, double most, struct text *out)
{
    const struct compare_row *row = &comparison->rows[i];
    struct text line = {0};
    /* The difference as in `compare --json`, so that a script can compare the two. */
    const double unit = row->what.kind == THRESHOLD_QUANTILE ? 1e-3 : 1;
    text_printf(out, "<tr data-metric=\"%zu\" data-difference=\"", i);
    if (row->difference.valid) text_printf(out, "%.10g", row->difference.value * unit);
    text_puts(out, "\"><th scope=\"row\">");
    text_html(out, row->metric);
    text_puts(out, "</th>");
    text_puts(&line, comparison->pairs[row->pair].region);
    cell(&line, "td", out);
    text_puts(out, "<td>");
    plot(row, most, out);
    text_puts(out, "</td>");
    compare_value_words(row, &row->a, &line);
    cell(&line, "td class=\"number\"", out);
    compare_value_words(row, &row->b, &line);
    cell(&line, "td class=\"number\"", out);
    compare_difference_words(row, &line);
    cell(&line, "td class=\"number\"", out);
    text_printf(&line, "%s%s", compare_verdict_name(row->verdict), row->decides ? "" : " (shown)");
    cell(&line, "td", out);
    text_puts(out, "</tr>\n");
    text_free(&line);
}

static void metrics(const struct compared *comparison, struct text *out)
{
    double rates = reach(comparison, false);
    double quantiles = reach(comparison, true);
    text_puts(out,
              "<section aria-labelledby=\"metrics\">\n<h2 id=\"metrics\">Differences</h2>\n<p "
              "class=\"hint\">The "
              "bar is the interval of the difference b - a at such hours; right of the middle is "
              "worse. Rates "
              "share one "
              "scale, latencies another.</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
              "aria-label=\"Differences\"><table>\n<caption>Differences, metric by "
              "metric</caption>\n<thead>"
              "<tr><th scope=\"col\">metric</th><th scope=\"col\">region</th><th "
              "scope=\"col\">better | worse</th>"
              "<th scope=\"col\" class=\"number\">a</th><th scope=\"col\" class=\"number\">b</th>"
              "<th scope=\"col\" class=\"number\">difference at such hours</th><th "
              "scope=\"col\">verdict</th>"
              "</tr></thead><tbody>\n");
    for (int place = 0; place < PLACES; place++) {
        for (size_t i = 0; i < comparison->row_count; i++) {
            const struct compare_row *row = &comparison->rows[i];
            const bool quantile = row->what.kind == THRESHOLD_QUANTILE;
            if (place_of(row) == place)
                metric_row(comparison, i, quantile ? quantiles : rates, out);
        }
    }
    text_puts(out, "</tbody></table></div>\n</section>\n");
}

static void section(const struct compared *comparison, const char *title, table_builder *build,
                    struct text *out)
{
    struct table table = {0};
    build(comparison, &table);
    if (table.failed || table.count > table.columns) {
        text_printf(out, "<section>\n<h2>%s</h2>\n", title);
        table_html(&table, title, out);
        text_puts(out, "</section>\n");
    }
    table_free(&table);
}

void compare_html(const struct compared *comparison, struct text *out)
{
    struct text line = {0};
    head(comparison, out);
    verdict(comparison, out);
    section(comparison, "What differs between the runs", compare_table_changes, out);
    metrics(comparison, out);
    section(comparison,
            "Incidents, and what fails outside of them (without quota, configuration and unhealthy "
            "times)",
            compare_table_incidents, out);
    section(comparison, "Beyond what happened in the other regions", compare_table_beyond, out);
    section(comparison, "What would settle it", compare_table_needed, out);
    section(comparison, "Failure codes", compare_table_codes, out);
    text_puts(out, "<section class=\"notes\">\n<h2>How</h2>\n<p>");
    compare_method(comparison, &line);
    html_line(&line, out);
    text_puts(out, ".</p>\n<p>");
    text_puts(&line, text_str(&comparison->notes));
    html_line(&line, out);
    text_puts(out, "</p>\n</section>\n</main>\n<footer><p>Made by rushhour " RUSHHOUR_VERSION
                   " from the run folders alone.</p></footer>\n</body>\n</html>\n");
    text_free(&line);
}
