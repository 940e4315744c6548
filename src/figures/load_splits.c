#include "figures/load_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- counting ---- */

static void visit_row(void *context, size_t region, const struct attempt_row *row)
{
    struct loader *loader = context;
    if (!loader->no_memory) loader->no_memory = !splits_count(loader->results, region, row);
}

/* Puts a part of an interval, or all of it, into a window. *cells: those that got the last part. */
static bool place(struct grouping *grouping, const struct series_interval *part, size_t region,
                  size_t regions, const struct cell *cell, const struct health *health,
                  const struct report_cell **cells)
{
    struct slice *slice;
    if (!grouping_place(grouping, part->start_ns, part->end_ns, regions, &slice)) return false;
    if (slice == NULL) return true;
    const bool same = *cells == slice->cells;
    *cells = slice->cells;
    return report_cell_add(&slice->cells[region], cell, same ? NULL : health,
                           part->end_ns - part->start_ns);
}

static bool deliver_part(struct results *results, const struct series_interval *part, size_t region,
                         const struct cell *cell, const struct health *health,
                         const struct report_cell **cells)
{
    bool ok = series_add_part(&results->series, region, part, &cell->counters);
    for (size_t g = 0; ok && g < results->grouping_count; g++) {
        if (!grouping_has_bounds(&results->groupings[g])) continue;
        ok = place(&results->groupings[g], part, region, results->region_count, cell, health,
                   &cells[g]);
    }
    return ok;
}

/* One region of an interval; cells has room for a pointer of each grouping. */
static bool deliver(struct results *results, const struct split *split, size_t region,
                    const struct report_cell **cells)
{
    const struct split_whole *whole = &split->wholes[region];
    bool ok = true;
    for (size_t g = 0; g < results->grouping_count; g++) cells[g] = NULL;
    if (split->doubt != SPLIT_SURE) {
        const struct series_interval all = {split->start_ns, split->end_ns, split->start_ns};
        return deliver_part(results, &all, region, &whole->cell, &whole->health, cells);
    }
    for (size_t p = 0; ok && p < split->part_count; p++) {
        const struct series_interval part = {split->starts[p], split_part_end(split, p),
                                             split->start_ns};
        struct cell cell;
        struct health health;
        split_cell(results->splits, split, p, region, &cell, &health);
        ok = deliver_part(results, &part, region, &cell, &health, cells);
    }
    return ok;
}

static bool deliver_all(struct results *results)
{
    const struct splits *splits = results->splits;
    const struct report_cell **cells = calloc(results->grouping_count, sizeof *cells);
    bool ok = cells != NULL;
    for (size_t i = 0; ok && i < splits->count; i++) {
        for (size_t r = 0; ok && r < splits->regions; r++) {
            if (splits->list[i].wholes[r].present)
                ok = deliver(results, &splits->list[i], r, cells);
        }
    }
    free(cells);
    return ok;
}

enum err_code load_splits(struct loader *loader, struct error *err)
{
    struct results *results = loader->results;
    if (results->splits == NULL) return ERR_OK;
    bool ok = splits_lay_out(results) && splits_begin_count(results);
    enum err_code code = ok ? run_reader_attempts(loader->reader, visit_row, loader, err) : ERR_OK;
    if (code != ERR_OK) return code;
    ok = ok && !loader->no_memory;
    if (ok) splits_decide(results->splits);
    if (!ok || !deliver_all(results))
        return error_set(err, ERR_NOMEM, "no memory to split the intervals that windows cut");
    return ERR_OK;
}

/* ---- latencies ---- */

static uint64_t values_of(const struct results *results, const struct split *split, size_t region,
                          enum split_metric metric)
{
    uint64_t total = 0;
    for (size_t p = 0; p < split->part_count; p++)
        total += split_tally(results->splits, split, p, region)->values[metric].total;
    return total;
}

/* Tells the cells of a window's parts that their values are in the cell of the first one. */
static void move(const struct results *results, const struct grouping *grouping,
                 const struct split *split, size_t region, enum metric metric)
{
    for (size_t p = 0; p < split->part_count; p++) {
        const struct slice *slice = grouping_find(grouping, split->starts[p]);
        const struct counters *counted = &split_tally(results->splits, split, p, region)->counted;
        const struct slice *first = grouping_find(grouping, split->start_ns);
        const int64_t failed = (int64_t)counted->attempts_failed;
        const int64_t attempts = (int64_t)counted->attempts_ok + failed;
        if (slice != NULL) {
            slice->cells[region].moved[metric].attempts += attempts;
            slice->cells[region].moved[metric].failed += failed;
        }
        if (first != NULL) {
            first->cells[region].moved[metric].attempts -= attempts;
            first->cells[region].moved[metric].failed -= failed;
        }
    }
}

static bool add_to_series(struct loader *loader, size_t region, enum metric metric,
                          enum split_metric told)
{
    struct results *results = loader->results;
    const struct split *split = loader->split;
    bool ok = true;
    for (size_t p = 0; ok && results->series.wanted[metric] && p < split->part_count; p++) {
        struct report_cell scratch = {0};
        const struct split_tally *tally = split_tally(results->splits, split, p, region);
        struct histogram *histogram = report_cell_histogram(&scratch, metric, &loader->pool);
        ok = histogram != NULL;
        if (!ok) break;
        values_record(&tally->values[told], histogram);
        ok = series_add_latency(&results->series, region, metric, split->starts[p], histogram);
        report_cell_drop_histograms(&scratch, &loader->pool);
    }
    return ok;
}

bool load_split_latency(struct loader *loader, size_t region, enum metric metric,
                        const struct histogram *histogram)
{
    struct results *results = loader->results;
    const struct split *split = loader->split;
    struct split_whole *whole = &loader->split->wholes[region];
    const enum split_metric told = split_metric_of(metric);
    const bool confirmed = told != SPLIT_METRICS && !whole->confirmed[told] &&
                           values_of(results, split, region, told) == histogram->total;
    bool ok = true;
    for (size_t g = 0; ok && g < results->grouping_count; g++) {
        struct grouping *grouping = &results->groupings[g];
        struct slice *slice = loader->slices[g];
        if (grouping->kind == GROUP_HOURS) continue;
        if (grouping->kind == GROUP_SERIES && metric != METRIC_TTFT) continue;
        if (grouping_has_bounds(grouping) && confirmed) continue;
        if (grouping_has_bounds(grouping) && metric_has(metric, METRIC_OF_ATTEMPT))
            move(results, grouping, split, region, metric);
        if (slice != NULL && !slice->settled)
            ok = report_cell_latency(&slice->cells[region], metric, histogram, &loader->pool);
    }
    if (!confirmed) {
        whole->differs |= told != SPLIT_METRICS && !whole->confirmed[told];
        return ok &&
               series_add_latency(&results->series, region, metric, split->start_ns, histogram);
    }
    whole->confirmed[told] = true;
    return ok && add_to_series(loader, region, metric, told);
}

static bool add_values(struct loader *loader, const struct split *split, size_t part,
                       struct slice *slice)
{
    static const enum metric metrics[] = {[SPLIT_TTFT] = METRIC_TTFT,
                                          [SPLIT_FIRST_ANSWER] = METRIC_FIRST_ANSWER,
                                          [SPLIT_RESPONSE] = METRIC_RESPONSE};
    const struct splits *splits = loader->results->splits;
    for (size_t r = 0; r < splits->regions; r++) {
        const struct split_tally *tally = split_tally(splits, split, part, r);
        for (size_t m = 0; m < SPLIT_METRICS; m++) {
            if (!split->wholes[r].confirmed[m] || tally->values[m].total == 0) continue;
            struct histogram *into =
                report_cell_histogram(&slice->cells[r], metrics[m], &loader->pool);
            if (into == NULL) return false;
            values_record(&tally->values[m], into);
        }
    }
    return true;
}

bool load_split_values(struct loader *loader, const struct grouping *grouping, struct slice *slice)
{
    const struct splits *splits = loader->results->splits;
    const bool windows = grouping->kind == GROUP_WINDOW || grouping->kind == GROUP_POOLED;
    bool ok = true;
    for (size_t i = windows ? splits_from(splits, slice->start_ns) : 0;
         ok && windows && splits != NULL && i < splits->count; i++) {
        const struct split *split = &splits->list[i];
        if (split->start_ns >= slice->end_ns) break;
        for (size_t p = 0; ok && split->doubt == SPLIT_SURE && p < split->part_count; p++) {
            if (grouping_find(grouping, split->starts[p]) == slice)
                ok = add_values(loader, split, p, slice);
        }
    }
    return ok;
}

void load_split_restart(struct loader *loader)
{
    const struct splits *splits = loader->results->splits;
    for (size_t i = 0; splits != NULL && i < splits->count; i++) {
        for (size_t r = 0; r < splits->regions; r++) {
            struct split_whole *whole = &splits->list[i].wholes[r];
            memset(whole->confirmed, 0, sizeof whole->confirmed);
            whole->differs = false;
        }
    }
}
