#include "report/azure_tables.h"

#include "base/digits.h"
#include "base/units.h"
#include "figures/cells.h"
#include "figures/grouping.h"
#include "report/format.h"
#include "report/sheet.h"

#include <math.h>
#include <string.h>

#define METRICS_SHOWN 6

void tables_health(const struct results *results, struct table *table)
{
    const struct azure *azure = results->azure;
    table_column(table, "beside", true);
    table_column(table, "advisory", true);
    table_column(table, "type", true);
    table_column(table, "status", true);
    table_column(table, "regions", true);
    table_column(table, "from (UTC)", true);
    table_column(table, "to (UTC)", true);
    table_column(table, "overlap with the run", false);
    for (size_t i = 0; azure != NULL && i < azure->event_count; i++) {
        const struct azure_event *event = &azure->events[i];
        char stamp[32] = "not said";
        table_put(table, results->regions[event->region]);
        table_put(table, event->title);
        table_put(table, event->type);
        table_put(table, event->status);
        table_put(table, event->regions);
        if (event->start_ns != INT64_MIN) format_utc_ms(event->start_ns, stamp);
        table_put(table, stamp);
        if (event->end_ns != INT64_MAX) format_utc_ms(event->end_ns, stamp);
        table_put(table, event->end_ns == INT64_MAX ? "not said" : stamp);
        int64_t overlap_ns = azure_overlap(event, results->start_ns, results->end_ns);
        if (overlap_ns > 0) {
            text_duration(table_cell(table), overlap_ns);
        } else {
            text_puts(table_cell(table), "none");
        }
        table_next(table);
    }
}

/* How many of the region's advisories overlap with a slice, and how many of them name it. */
static void put_advisories(const struct results *results, const struct slice *slice, size_t region,
                           struct table *table)
{
    const struct azure *azure = results->azure;
    size_t all = 0;
    size_t here = 0;
    for (size_t i = 0; i < azure->event_count; i++) {
        const struct azure_event *event = &azure->events[i];
        if (event->region != region) continue;
        if (azure_overlap(event, slice->start_ns, slice->end_ns) == 0) continue;
        all++;
        here += azure_event_is_here(azure, event, results->regions[region]);
    }
    if (!azure->regions[region].has_health) {
        text_puts(table_cell(table), "-");
    } else if (all == 0) {
        text_puts(table_cell(table), "none");
    } else {
        text_printf(table_cell(table), "%zu here, %zu elsewhere", here, all - here);
    }
    table_next(table);
}

static const char *figure_kind(const struct azure_metric *metric)
{
    const char *which;
    const struct azure_sum none = {0, NAN, NAN, NAN};
    (void)azure_figure(metric, &none, &which);
    return which;
}

/* Whether two series, of any region, share a column. */
static bool alike(const struct azure_metric *a, const struct azure_metric *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->dimension, b->dimension) == 0 &&
           strcmp(figure_kind(a), figure_kind(b)) == 0;
}

/* The first series of each column; their number. */
static size_t metric_columns(const struct azure *azure,
                             const struct azure_metric *columns[METRICS_SHOWN], size_t *all)
{
    size_t count = 0;
    *all = 0;
    for (size_t m = 0; m < azure->metric_count; m++) {
        bool known = false;
        for (size_t k = 0; k < m && !known; k++)
            known = alike(&azure->metrics[k], &azure->metrics[m]);
        if (known) continue;
        ++*all;
        if (count < METRICS_SHOWN) columns[count++] = &azure->metrics[m];
    }
    return count;
}

static void put_metric(const struct azure *azure, const struct azure_metric *column, size_t region,
                       const struct slice *slice, struct table *table)
{
    double figure = NAN;
    for (size_t m = 0; m < azure->metric_count && isnan(figure); m++) {
        const struct azure_metric *metric = &azure->metrics[m];
        const char *which;
        if (metric->region != region || !alike(metric, column)) continue;
        struct azure_sum sum = azure_metric_between(metric, slice->start_ns, slice->end_ns);
        figure = azure_figure(metric, &sum, &which);
    }
    if (isnan(figure)) {
        text_puts(table_cell(table), "-");
    } else {
        text_printf(table_cell(table), "%.6g", figure);
    }
    table_next(table);
}

static void columns(const struct results *results, struct table *table)
{
    const struct azure *azure = results->azure;
    table_column(table, results_zone(results) == NULL ? "window (UTC)" : "window", true);
    table_column(table, "region", true);
    table_column(table, "failed", false);
    table_column(table, "failure rate (95%)", false);
    if (azure_has_health(azure)) table_column(table, "advisories", true);
    const struct azure_metric *shown[METRICS_SHOWN];
    size_t all;
    const size_t count = metric_columns(azure, shown, &all);
    for (size_t m = 0; m < count; m++) {
        struct text heading = {0};
        text_printf(&heading, "%s %s%s(%s)", shown[m]->name, shown[m]->dimension,
                    shown[m]->dimension[0] == '\0' ? "" : " ", figure_kind(shown[m]));
        table_column(table, text_str(&heading), false);
        text_free(&heading);
    }
}

static void row(const struct results *results, const struct grouping *grouping,
                const struct slice *slice, size_t region, struct table *table)
{
    const struct report_cell *cell = &slice->cells[region];
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    grouping_label(results, grouping, slice, table_cell(table));
    table_next(table);
    table_put(table, results->regions[region]);
    text_count(table_cell(table), cell->cell.counters.attempts_failed);
    table_next(table);
    format_estimate(table_cell(table), &rate.estimate);
    table_next(table);
    if (azure_has_health(results->azure)) put_advisories(results, slice, region, table);
    const struct azure_metric *shown[METRICS_SHOWN];
    size_t all;
    const size_t count = metric_columns(results->azure, shown, &all);
    for (size_t m = 0; m < count; m++) put_metric(results->azure, shown[m], region, slice, table);
}

static const struct grouping *first_shown(const struct results *results)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        if (results->groupings[g].shown) return &results->groupings[g];
    }
    return &results->groupings[0];
}

void tables_azure(const struct results *results, struct table *table)
{
    const size_t most = 200; /* rows */
    const struct grouping *grouping = first_shown(results);
    columns(results, table);
    for (size_t i = 0; i < grouping->slice_count; i++) {
        for (size_t r = 0; r < results->region_count && table->count / table->columns <= most; r++)
            row(results, grouping, &grouping->slices[i], r, table);
    }
}

/* " eastus2 (3 series of a resource in East US 2, 120 points in the run)" */
static void metrics_of_region(const struct results *results, size_t region, struct text *out)
{
    const struct azure *azure = results->azure;
    const char *resource = azure->regions[region].resource_region;
    size_t series = 0;
    size_t points = 0;
    for (size_t m = 0; m < azure->metric_count; m++) {
        if (azure->metrics[m].region != region) continue;
        series++;
        points +=
            azure_metric_between(&azure->metrics[m], results->start_ns, results->end_ns).points;
    }
    text_printf(out, " %s (%zu series%s%s, %zu points in the run)", results->regions[region],
                series, resource[0] == '\0' ? "" : " of a resource in ", resource, points);
}

static void words_health(const struct results *results, struct text *out)
{
    const struct azure *azure = results->azure;
    size_t during = 0;
    for (size_t i = 0; i < azure->event_count; i++)
        during += azure_overlap(&azure->events[i], results->start_ns, results->end_ns) > 0;
    text_printf(out, "Service health: %zu of %zu advisories overlap with the run, given for",
                during, azure->event_count);
    const char *before = " ";
    for (size_t r = 0; r < azure->region_count; r++) {
        if (!azure->regions[r].has_health) continue;
        text_printf(out, "%s%s", before, results->regions[r]);
        before = ", ";
    }
    text_puts(out,
              ". The absence of advisories is no proof of health: many incidents never get one. ");
}

void words_azure(const struct results *results, struct text *out)
{
    const struct azure *azure = results->azure;
    if (azure_has_health(azure)) words_health(results, out);
    if (azure_has_metrics(azure)) {
        const struct azure_metric *shown[METRICS_SHOWN];
        size_t all;
        const char *before = "Azure metrics, each beside its region:";
        for (size_t r = 0; r < azure->region_count; r++) {
            if (!azure->regions[r].has_metrics) continue;
            text_puts(out, before);
            metrics_of_region(results, r, out);
            before = ",";
        }
        text_puts(out, "; a point counts in the window in which it begins. ");
        if (metric_columns(azure, shown, &all) < all)
            text_printf(out, "The first %d are shown. ", METRICS_SHOWN);
    }
    text_puts(
        out,
        "Both are what Azure says, from the files given; they did not enter any figure of ours.");
}

static void our_figures(const struct report_cell *cell, struct text *out)
{
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    sheet_number(out, (double)report_cell_attempts(cell));
    sheet_number(out, (double)cell->cell.counters.attempts_failed);
    sheet_number(out, rate.estimate.valid ? rate.estimate.value : NAN);
}

static const char *name_of(const struct grouping *grouping)
{
    return grouping->kind == GROUP_TOTAL ? "whole run" : grouping_name(grouping);
}

static void health_row(const struct results *results, const struct azure_event *event,
                       const struct grouping *grouping, const struct slice *slice, struct text *out)
{
    const char *region = results->regions[event->region];
    sheet_field(out, event->title);
    sheet_next(out, event->type);
    sheet_next(out, event->status);
    sheet_next(out, event->regions);
    event->start_ns == INT64_MIN ? text_puts(out, ",") : sheet_time(out, event->start_ns);
    event->end_ns == INT64_MAX ? text_puts(out, ",") : sheet_time(out, event->end_ns);
    sheet_next(out, name_of(grouping));
    sheet_time(out, slice->start_ns);
    sheet_time(out, slice->end_ns);
    sheet_number(out, (double)azure_overlap(event, slice->start_ns, slice->end_ns) / 1e9);
    sheet_next(out, region);
    text_puts(out, azure_event_is_here(results->azure, event, region) ? ",true" : ",false");
    our_figures(&slice->cells[event->region], out);
}

static void health_rows(const struct results *results, const struct azure_event *event,
                        const char *end, struct text *out)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_TOTAL && !grouping->shown) continue;
        for (size_t i = 0; i < grouping->slice_count; i++) {
            const struct slice *slice = &grouping->slices[i];
            const bool beside = azure_overlap(event, slice->start_ns, slice->end_ns) > 0;
            if (!beside && grouping->kind != GROUP_TOTAL) continue;
            health_row(results, event, grouping, slice, out);
            text_printf(out, "%s\n", end);
        }
    }
}

void azure_health_csv(const struct results *results, const char *end, const char *end_heading,
                      struct text *out)
{
    text_printf(out,
                "title,type,status,impacted_regions,impact_start,impact_end,window,start,end,"
                "overlap_s,region,"
                "names_region,attempts,attempts_failed,failure_rate%s\n",
                end_heading);
    for (size_t i = 0; i < results->azure->event_count; i++)
        health_rows(results, &results->azure->events[i], end, out);
}

static void metric_row(const struct results *results, const struct azure_metric *metric,
                       const struct grouping *grouping, const struct slice *slice, struct text *out)
{
    const struct azure_sum sum = azure_metric_between(metric, slice->start_ns, slice->end_ns);
    sheet_field(out, metric->name);
    sheet_next(out, metric->dimension);
    sheet_next(out, metric->unit);
    sheet_next(out, name_of(grouping));
    sheet_time(out, slice->start_ns);
    sheet_time(out, slice->end_ns);
    sheet_number(out, (double)sum.points);
    sheet_number(out, sum.total);
    sheet_number(out, sum.average);
    sheet_number(out, sum.maximum);
    sheet_next(out, results->regions[metric->region]);
    our_figures(&slice->cells[metric->region], out);
}

static void metric_rows(const struct results *results, const struct azure_metric *metric,
                        const char *end, struct text *out)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_TOTAL && !grouping->shown) continue;
        for (size_t i = 0; i < grouping->slice_count; i++) {
            metric_row(results, metric, grouping, &grouping->slices[i], out);
            text_printf(out, "%s\n", end);
        }
    }
}

void azure_metrics_csv(const struct results *results, const char *end, const char *end_heading,
                       struct text *out)
{
    text_printf(
        out,
        "metric,dimension,unit,window,start,end,points,total,average,maximum,region,attempts,"
        "attempts_failed,failure_rate%s\n",
        end_heading);
    for (size_t m = 0; m < results->azure->metric_count; m++)
        metric_rows(results, &results->azure->metrics[m], end, out);
}
