#include "page/parts.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/digits.h"
#include "figures/cells.h"
#include "figures/grouping.h"
#include "page/html.h"
#include "report/format.h"

#include <math.h>

#define COLUMNS_MAX 30
#define COLUMNS_FOLDED 24
#define FEW_ATTEMPTS 30

/* Adjacent slices of a grouping, shown as one column. */
struct column {
    const struct slice *first, *last;
};

/* The content of a matrix cell. */
struct square {
    struct estimate rate;
    double attempts, failed;
    bool valid;
};

static struct square square_of(const struct column *column, size_t region)
{
    const struct report_cell *first = &column->first->cells[region];
    struct square square = {.rate = report_cell_rate(first, RATE_ATTEMPT).estimate, .valid = true};
    struct cluster_sums sums = {0};
    for (const struct slice *slice = column->first; slice <= column->last; slice++) {
        const struct report_cell *cell = &slice->cells[region];
        cluster_merge(&sums, &cell->cell.clusters);
        square.attempts += (double)report_cell_attempts(cell);
        square.failed += (double)cell->cell.counters.attempts_failed;
        square.valid = square.valid && report_cell_valid(cell);
    }
    if (column->last > column->first) square.rate = rate_clustered(&sums, CONFIDENCE, NULL);
    return square;
}

/* Colours have fixed steps, so that reports can be compared side by side. */
static const double steps[] = {0, 0.01, 0.02, 0.05, 0.10, 0.20};
#define STEP_COUNT (sizeof steps / sizeof *steps)

static size_t step_of(double rate)
{
    size_t step = 0;
    while (step < STEP_COUNT && rate > steps[step]) step++;
    return step;
}

/* Two digits: three do not fit, and would mean nothing. */
static void short_percent(double rate, struct text *out)
{
    if (rate <= 0) {
        text_puts(out, "0%");
    } else if (rate < 0.001) {
        text_puts(out, "&lt;0.1%");
    } else {
        text_printf(out, "%.*f%%", rate < 0.0995 ? 1 : 0, rate * 100);
    }
}

static void short_count(double count, struct text *out)
{
    if (count < 10000) {
        text_printf(out, "%.0f", count);
    } else if (count < 1e6) {
        text_printf(out, "%.0fk", count / 1e3);
    } else {
        text_printf(out, "%.1fM", count / 1e6);
    }
}

static void label(const struct results *results, const struct grouping *grouping,
                  const struct column *column, struct text *out)
{
    if (grouping->kind == GROUP_HOURS) {
        int hour = (int)(column->first->start_ns / (INT64_C(3600) * NS_PER_S));
        text_printf(out, "%02d:00-%02d:00", hour, hour + 1);
        return;
    }
    struct slice both = *column->first;
    both.end_ns = column->last->end_ns;
    grouping_label(results, grouping, &both, out);
}

static void square(const struct results *results, size_t region, const char *when, int64_t start_ns,
                   const struct square *square, struct text *out)
{
    bool some = square->attempts > 0 && square->rate.valid;
    bool is_few = some && square->attempts < FEW_ATTEMPTS;
    struct text title = {0};
    text_printf(&title, "%s, %s: ", results->regions[region], when);
    text_count(&title, (uint64_t)square->failed);
    text_puts(&title, " of ");
    text_count(&title, (uint64_t)square->attempts);
    text_puts(&title, " attempts failed");
    if (some) text_puts(&title, ", ");
    if (some) format_estimate(&title, &square->rate);
    if (!square->valid) text_puts(&title, "; not valid: the load generator was not healthy");
    text_printf(out, "<td class=\"");
    some ? text_printf(out, "h%zu", step_of(square->rate.value)) : text_puts(out, "none");
    text_puts(out, is_few ? " few" : "");
    text_puts(out, square->valid ? "" : " bad");
    text_printf(out,
                "\" data-figure=\"matrix\" data-region=\"%zu\" data-start=\"%lld\" data-value=\"",
                region, (long long)(start_ns / NS_PER_MS));
    if (some) text_printf(out, "%.10g", square->rate.value);
    text_puts(out, "\" title=\"");
    page_flush(out, &title);
    text_puts(out, "\">");
    some ? short_percent(square->rate.value, out) : text_puts(out, "-");
    if (!square->valid) text_puts(out, "<span class=\"sr\"> not valid</span>");
    text_puts(out, "<small>");
    if (square->attempts > 0) short_count(square->attempts, out);
    text_puts(out, "</small></td>");
    text_free(&title);
}

static void total(const struct results *results, size_t region, struct text *out)
{
    const struct report_cell *cell = results_region(results, region);
    struct square whole = {.rate = report_cell_rate(cell, RATE_ATTEMPT).estimate,
                           .attempts = (double)report_cell_attempts(cell),
                           .failed = (double)cell->cell.counters.attempts_failed,
                           .valid = report_cell_valid(cell)};
    square(results, region, "the whole run", results->start_ns, &whole, out);
}

static void heading(const struct results *results, const struct grouping *grouping,
                    const struct column *column, struct text *out)
{
    struct text full = {0};
    struct civil civil;
    label(results, grouping, column, &full);
    text_puts(out, "<th scope=\"col\" title=\"");
    page_flush(out, &full);
    text_free(&full);
    if (grouping->kind == GROUP_HOURS) {
        text_printf(out, "\">%02d</th>",
                    (int)(column->first->start_ns / (INT64_C(3600) * NS_PER_S)));
        return;
    }
    zone_civil(results_zone(results), column->first->start_ns, &civil);
    text_printf(out, "\">%02d:%02d", civil.hour, civil.minute);
    if (grouping->window == NULL || grouping->window->width_ns % (60 * NS_PER_S) != 0)
        text_printf(out, ":%02d", civil.second);
    text_puts(out, "</th>");
}

static void legend(struct text *out)
{
    static const char *const names[] = {"0%",     "to 1%",  "to 2%",   "to 5%",
                                        "to 10%", "to 20%", "over 20%"};
    text_puts(out, "<ul class=\"legend\" aria-label=\"Colours of the matrix\">");
    for (size_t i = 0; i <= STEP_COUNT; i++)
        text_printf(out, "<li><i class=\"h%zu\"></i>%s</li>", i, names[i]);
    text_puts(out, "<li><i class=\"h4 few\"></i>fewer than 30 attempts: little is known</li>"
                   "<li><i class=\"h0 bad\"></i>not valid</li></ul>\n");
}

static size_t fold_of(const struct grouping *grouping)
{
    if (grouping->slice_count <= COLUMNS_MAX) return 1;
    return (grouping->slice_count + COLUMNS_FOLDED - 1) / COLUMNS_FOLDED;
}

/* The hours of the day for a long run; else the finest width that fits; else the one that must be
 * folded. */
static const struct grouping *choose(const struct results *results)
{
    const struct grouping *best = NULL;
    for (size_t g = 1; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        bool hours = grouping->kind == GROUP_HOURS &&
                     results->end_ns - results->start_ns > INT64_C(86400) * NS_PER_S;
        if (hours) return grouping;
        bool width =
            grouping->kind == GROUP_WINDOW && grouping->shown && grouping->window->width_ns > 0;
        if (!width) continue;
        size_t count = grouping->slice_count;
        size_t had = best == NULL ? 0 : best->slice_count;
        bool fits = count <= COLUMNS_MAX;
        bool had_fits = had <= COLUMNS_MAX;
        if (best == NULL || (fits && !had_fits) || (fits && count > had) ||
            (!had_fits && count < had))
            best = grouping;
    }
    return best == NULL ? &results->groupings[1] : best;
}

static void hint(const struct results *results, const struct grouping *grouping, struct text *out)
{
    const struct zone *zone = results_zone(results);
    size_t fold = fold_of(grouping);
    text_puts(out, "<p class=\"hint\">");
    if (grouping->kind == GROUP_HOURS) {
        text_puts(out, "By hour of the day, all days of the run together");
    } else if (fold > 1) {
        text_printf(
            out,
            "Each column takes %zu neighbouring windows together, and is named by its beginning",
            fold);
    } else {
        text_puts(out, "Each column is a window, named by its beginning");
    }
    text_puts(out, " (");
    text_html(out, zone == NULL ? "UTC" : zone_name(zone));
    text_puts(
        out,
        "). In each cell: the share of attempts that failed, and below it how many attempts there "
        "were.</p>\n");
}

static void rows(const struct results *results, const struct grouping *grouping, struct text *out)
{
    size_t fold = fold_of(grouping);
    for (size_t r = 0; r < results->region_count; r++) {
        text_puts(out, "<tr><th scope=\"row\">");
        text_html(out, results->regions[r]);
        text_puts(out, "</th>");
        total(results, r, out);
        for (size_t i = 0; i < grouping->slice_count; i += fold) {
            size_t last =
                i + fold < grouping->slice_count ? i + fold - 1 : grouping->slice_count - 1;
            const struct column column = {&grouping->slices[i], &grouping->slices[last]};
            struct square of = square_of(&column, r);
            struct text when = {0};
            label(results, grouping, &column, &when);
            square(results, r, text_str(&when), column.first->start_ns, &of, out);
            text_free(&when);
        }
        text_puts(out, "</tr>\n");
    }
}

void page_matrix(const struct results *results, struct text *out)
{
    const struct grouping *grouping = choose(results);
    size_t fold = fold_of(grouping);
    if (grouping->slice_count == 0) return;
    page_section(out, "matrix", "Where and when");
    hint(results, grouping, out);
    text_printf(
        out,
        "<div class=\"scroll matrix\" tabindex=\"0\" role=\"region\" aria-label=\"Failure rate by "
        "region "
        "and window\"><table data-by=\"%s\" data-fold=\"%zu\"><caption class=\"sr\">Failure rate "
        "by region "
        "and window</caption>\n<thead><tr><th scope=\"col\">region</th><th scope=\"col\">run</th>",
        grouping->kind == GROUP_HOURS    ? "hour"
        : grouping->kind == GROUP_SERIES ? "series"
                                         : grouping_name(grouping),
        fold);
    for (size_t i = 0; i < grouping->slice_count; i += fold) {
        size_t last = i + fold < grouping->slice_count ? i + fold - 1 : grouping->slice_count - 1;
        const struct column column = {&grouping->slices[i], &grouping->slices[last]};
        heading(results, grouping, &column, out);
    }
    text_puts(out, "</tr></thead>\n<tbody>\n");
    rows(results, grouping, out);
    text_puts(out, "</tbody></table></div>\n");
    legend(out);
    page_explain(
        out, "How sure is a cell?",
        "Point at a cell for its 95% interval; the table of windows below has them all. A dark "
        "cell of "
        "few attempts may be chance, so cells with fewer than 30 attempts are striped. Among many "
        "cells "
        "one looks bad by chance alone: what stands out beyond that is said at the top, where p is "
        "already multiplied by the number of cells looked at.");
    text_puts(out, "</section>\n");
}
