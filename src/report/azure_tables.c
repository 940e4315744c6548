#include "report/azure_tables.h"

#include "base/units.h"
#include "figures/cells.h"
#include "figures/grouping.h"
#include "report/format.h"
#include "report/sheet.h"

#include <math.h>

#define METRICS_SHOWN 6

void tables_health(const struct results *results, struct table *table)
{
    const struct azure *azure = results->azure;
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

/* How many advisories overlap a slice, and how many of them name the region. */
static void put_advisories(const struct results *results, const struct slice *slice, size_t region,
                           struct table *table)
{
    size_t all = 0;
    size_t here = 0;
    for (size_t i = 0; i < results->azure->event_count; i++) {
        const struct azure_event *event = &results->azure->events[i];
        if (azure_overlap(event, slice->start_ns, slice->end_ns) == 0) continue;
        all++;
        here += azure_names_region(event->regions, results->regions[region]);
    }
    if (all == 0) {
        text_puts(table_cell(table), "none");
    } else {
        text_printf(table_cell(table), "%zu here, %zu elsewhere", here, all - here);
    }
    table_next(table);
}

static void put_metric(const struct azure_metric *metric, const struct slice *slice,
                       struct table *table)
{
    const char *which;
    struct azure_sum sum = azure_metric_between(metric, slice->start_ns, slice->end_ns);
    double figure = azure_figure(metric, &sum, &which);
    if (isnan(figure)) {
        text_puts(table_cell(table), "-");
    } else {
        text_printf(table_cell(table), "%.6g", figure);
    }
    table_next(table);
}

static size_t metrics_shown(const struct azure *azure)
{
    return azure->metric_count < METRICS_SHOWN ? azure->metric_count : METRICS_SHOWN;
}

static void columns(const struct results *results, struct table *table)
{
    const struct azure *azure = results->azure;
    table_column(table, results_zone(results) == NULL ? "window (UTC)" : "window", true);
    table_column(table, "region", true);
    table_column(table, "failed", false);
    table_column(table, "failure rate (95%)", false);
    if (azure->has_health) table_column(table, "advisories", true);
    for (size_t m = 0; m < metrics_shown(azure); m++) {
        struct text heading = {0};
        const char *which;
        const struct azure_sum none = {0, NAN, NAN, NAN};
        (void)azure_figure(&azure->metrics[m], &none, &which);
        text_printf(&heading, "%s %s%s(%s)", azure->metrics[m].name, azure->metrics[m].dimension,
                    azure->metrics[m].dimension[0] == '\0' ? "" : " ", which);
        table_column(table, text_str(&heading), false);
        text_free(&heading);
    }
}

/* The metrics belong to one resource: they are shown beside its region, or beside every region if
 * that is unknown. */
bool azure_metrics_of(const struct results *results, size_t region)
{
    const char *of = results->azure->metrics_region;
    bool named = false;
    for (size_t r = 0; r < results->region_count; r++)
        named = named || azure_names_region(of, results->regions[r]);
    return !named || azure_names_region(of, results->regions[region]);
}

static void row(const struct results *results, const struct grouping *grouping,
                const struct slice *slice, size_t region, struct table *table)
{
    const struct report_cell *cell = &slice->cells[region];
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    grouping_label(results, grouping, slice, table_cell(table));
    table_next(table);
    table_put(table, results->regions[region]);
    format_count(table_cell(table), cell->cell.counters.attempts_failed);
    table_next(table);
    format_estimate(table_cell(table), &rate.estimate);
    table_next(table);
    if (results->azure->has_health) put_advisories(results, slice, region, table);
    for (size_t m = 0; m < metrics_shown(results->azure); m++) {
        if (azure_metrics_of(results, region)) {
            put_metric(&results->azure->metrics[m], slice, table);
        } else {
            table_put(table, "-");
        }
    }
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

void words_azure(const struct results *results, struct text *out)
{
    const struct azure *azure = results->azure;
    size_t during = 0;
    for (size_t i = 0; i < azure->event_count; i++)
        during += azure_overlap(&azure->events[i], results->start_ns, results->end_ns) > 0;
    if (azure->has_health) {
        text_printf(out, "Service health: %zu of %zu advisories overlap with the run. ", during,
                    azure->event_count);
        text_puts(
            out, "The absence of advisories is no proof of health: many incidents never get one. ");
    }
    if (azure->has_metrics) {
        size_t points = 0;
        for (size_t m = 0; m < azure->metric_count; m++)
            points +=
                azure_metric_between(&azure->metrics[m], results->start_ns, results->end_ns).points;
        text_printf(
            out,
            "Azure metrics: %zu series%s%s, %zu of their points lie in the run; each counts in the "
            "window in which it begins. ",
            azure->metric_count, azure->metrics_region[0] == '\0' ? "" : " of a resource in ",
            azure->metrics_region, points);
        if (azure->metric_count > METRICS_SHOWN)
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

static void health_rows(const struct results *results, const struct azure_event *event,
                        const char *end, struct text *out)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_TOTAL && !grouping->shown) continue;
        for (size_t i = 0; i < grouping->slice_count; i++) {
            const struct slice *slice = &grouping->slices[i];
            int64_t overlap_ns = azure_overlap(event, slice->start_ns, slice->end_ns);
            if (overlap_ns == 0 && grouping->kind != GROUP_TOTAL) continue;
            for (size_t r = 0; r < results->region_count; r++) {
                sheet_field(out, event->title);
                sheet_next(out, event->type);
                sheet_next(out, event->status);
                sheet_next(out, event->regions);
                event->start_ns == INT64_MIN ? text_puts(out, ",")
                                             : sheet_time(out, event->start_ns);
                event->end_ns == INT64_MAX ? text_puts(out, ",") : sheet_time(out, event->end_ns);
                sheet_next(out, name_of(grouping));
                sheet_time(out, slice->start_ns);
                sheet_time(out, slice->end_ns);
                sheet_number(out, (double)overlap_ns / 1e9);
                sheet_next(out, results->regions[r]);
                text_puts(out, azure_names_region(event->regions, results->regions[r]) ? ",true"
                                                                                       : ",false");
                our_figures(&slice->cells[r], out);
                text_printf(out, "%s\n", end);
            }
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

static void metric_rows(const struct results *results, const struct azure_metric *metric,
                        const char *end, struct text *out)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_TOTAL && !grouping->shown) continue;
        for (size_t i = 0; i < grouping->slice_count; i++) {
            const struct slice *slice = &grouping->slices[i];
            struct azure_sum sum = azure_metric_between(metric, slice->start_ns, slice->end_ns);
            for (size_t r = 0; r < results->region_count; r++) {
                if (!azure_metrics_of(results, r)) continue;
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
                sheet_next(out, results->regions[r]);
                our_figures(&slice->cells[r], out);
                text_printf(out, "%s\n", end);
            }
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
