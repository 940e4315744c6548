#include "figures/load_private.h"

#include "figures/judge.h"

#include <stdlib.h>
#include <string.h>

void load_settle(struct loader *loader, const struct grouping *grouping, struct slice *slice)
{
    struct results *results = loader->results;
    const struct clock_resolution resolution = results_resolution(results);
    if (!load_split_values(loader, grouping, slice)) loader->no_memory = true;
    for (size_t r = 0; r < results->region_count; r++) {
        report_cell_settle(&slice->cells[r]);
        report_cell_resolve(&slice->cells[r], &resolution);
    }
    judge_slice(results, grouping, slice);
    slice->settled = true;
    if (grouping->kind == GROUP_TOTAL || grouping->kept) return;
    for (size_t r = 0; r < results->region_count; r++)
        report_cell_drop_histograms(&slice->cells[r], &loader->pool);
}

/* The log is in order of time, so a slice that ended before this interval began is complete, and
 * its histograms can be freed. */
static void settle_before(struct loader *loader, size_t g, int64_t start_ns)
{
    struct grouping *grouping = &loader->results->groupings[g];
    bool by_time = grouping->kind == GROUP_SERIES || grouping->kind == GROUP_WINDOW;
    if (loader->patient || !by_time) return;
    size_t *next = &loader->first_open[g];
    while (*next < grouping->slice_count && grouping->slices[*next].end_ns <= start_ns) {
        load_settle(loader, grouping, &grouping->slices[*next]);
        (*next)++;
    }
}

/* Adds one pending histogram to its slices. The first slice without one takes it over. */
static void flush_metric(struct loader *loader, size_t region, enum metric metric)
{
    struct results *results = loader->results;
    struct histogram **pending = &loader->pending[region].cell.latency[metric];
    struct histogram **taker = NULL;
    for (size_t g = 0; !loader->no_memory && g < results->grouping_count; g++) {
        struct slice *slice = loader->slices[g];
        if (slice == NULL || slice->settled) continue;
        if (results->groupings[g].kind == GROUP_SERIES && metric != METRIC_TTFT) continue;
        if (results->groupings[g].kind == GROUP_HOURS) continue;
        struct report_cell *cell = &slice->cells[region];
        if (taker == NULL && cell->cell.latency[metric] == NULL) {
            taker = &cell->cell.latency[metric];
        } else {
            loader->no_memory = !report_cell_latency(cell, metric, *pending, &loader->pool);
        }
    }
    if (taker == NULL) {
        histogram_reset(*pending);
        return;
    }
    *taker = *pending;
    *pending = NULL;
}

/* Adds everything pending to its slices. */
static void flush(struct loader *loader)
{
    for (size_t r = 0; r < loader->results->region_count; r++) {
        for (int m = 0; m < METRIC_COUNT; m++) {
            const struct histogram *histogram = loader->pending[r].cell.latency[m];
            if (histogram != NULL && histogram->total > 0) flush_metric(loader, r, (enum metric)m);
        }
    }
}

/* Intervals of the same slices collect their latencies in one place; a different slice flushes
 * them. */
static void go_to(struct loader *loader, int64_t start_ns)
{
    struct results *results = loader->results;
    bool same = loader->pending_start_ns != INT64_MIN;
    loader->pending_start_ns = start_ns;
    for (size_t g = 0; same && g < results->grouping_count; g++)
        same = grouping_find(&results->groupings[g], start_ns) == loader->slices[g];
    if (same) return;
    flush(loader);
    for (size_t g = 0; g < results->grouping_count; g++) {
        settle_before(loader, g, start_ns);
        struct slice *slice = grouping_find(&results->groupings[g], start_ns);
        loader->slices[g] = slice;
        loader->late = loader->late || (slice != NULL && slice->settled);
    }
}

static void visit_latency(void *context, size_t region, enum metric metric, int64_t start_utc_ns,
                          int64_t end_utc_ns, const struct histogram *histogram)
{
    struct loader *loader = context;
    /* The middle, because the log has times in fractions of a second, whose ends may be off by
     * rounding. */
    int64_t middle_ns = start_utc_ns + (end_utc_ns - start_utc_ns) / 2;
    if (loader->pending_start_ns == INT64_MIN || middle_ns != loader->logged_ns) {
        int64_t start_ns;
        if (!results_interval(loader->results, middle_ns, &start_ns)) return;
        go_to(loader, start_ns);
        loader->logged_ns = middle_ns;
        loader->split = splits_find(loader->results->splits, start_ns, true);
        if (loader->split != NULL) flush(loader);
    }
    if (!loader->no_memory && loader->split != NULL) {
        loader->no_memory = !load_split_latency(loader, region, metric, histogram);
    } else if (!loader->no_memory) {
        loader->no_memory =
            !report_cell_latency(&loader->pending[region], metric, histogram, &loader->pool) ||
            !series_add_latency(&loader->results->series, region, metric, middle_ns, histogram);
    }
}

static enum err_code walk_latencies(struct loader *loader, struct error *err)
{
    loader->pending_start_ns = INT64_MIN;
    enum err_code code = run_reader_latencies(loader->reader, visit_latency, loader, err);
    flush(loader);
    return code;
}

enum err_code load_latencies(struct loader *loader, struct error *err)
{
    struct results *results = loader->results;
    enum err_code code = walk_latencies(loader, err);
    if (code != ERR_OK || !loader->late) return code;
    /* Out of order (a folder assembled by hand): read again, with everything kept open until the
     * end. */
    for (size_t g = 0; g < results->grouping_count; g++) {
        struct grouping *grouping = &results->groupings[g];
        for (size_t i = 0; i < grouping->slice_count; i++) {
            grouping->slices[i].settled = false;
            for (size_t r = 0; r < results->region_count; r++) {
                struct report_cell *cell = &grouping->slices[i].cells[r];
                report_cell_drop_histograms(cell, &loader->pool);
                memset(cell->moved, 0, sizeof cell->moved);
            }
        }
    }
    judge_forget(results);
    series_forget_latencies(&results->series);
    load_split_restart(loader);
    loader->patient = true;
    return walk_latencies(loader, err);
}
