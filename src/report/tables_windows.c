#include "base/digits.h"
#include "figures/grouping.h"
#include "figures/retries.h"
#include "report/format.h"
#include "report/tables.h"

#include <math.h>
#include <stdlib.h>

struct ranked {
    size_t slice;
    uint64_t failed;
};

static int by_failed(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->failed != y->failed) return x->failed < y->failed ? 1 : -1;
    return x->slice < y->slice ? -1 : 1;
}

static int by_slice(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    return x->slice < y->slice ? -1 : x->slice > y->slice;
}

/* The slices to show, in order of time: all, or the `wanted` ones with the most failed attempts. */
static struct ranked *choose(const struct results *results, const struct grouping *grouping,
                             size_t wanted)
{
    size_t count = grouping->slice_count;
    struct ranked *ranked = calloc(count > 0 ? count : 1, sizeof *ranked);
    if (ranked == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        ranked[i].slice = i;
        for (size_t r = 0; r < results->region_count; r++) {
            ranked[i].failed += grouping->slices[i].cells[r].cell.counters.attempts_failed;
        }
    }
    if (wanted < count) {
        qsort(ranked, count, sizeof *ranked, by_failed);
        qsort(ranked, wanted, sizeof *ranked, by_slice);
    }
    return ranked;
}

static bool any_invalid(const struct results *results, const struct grouping *grouping)
{
    for (size_t i = 0; i < grouping->slice_count; i++) {
        for (size_t r = 0; r < results->region_count; r++) {
            if (!report_cell_valid(&grouping->slices[i].cells[r])) return true;
        }
    }
    return false;
}

static bool any_concurrency(const struct results *results)
{
    for (size_t r = 0; r < results->region_count; r++) {
        if (concurrency_known(&results_region(results, r)->cell.concurrency)) return true;
    }
    return false;
}

/* Which columns a table has. */
struct columns {
    bool wide, validity, held, concurrency, amplified;
};

static void columns(struct table *table, bool utc, const struct columns *has)
{
    table_column(table, utc ? "window (UTC)" : "window", true);
    table_column(table, "region", true);
    table_column(table, "attempts", false);
    table_column(table, "failed", false);
    table_column(table, "failure rate (95%)", false);
    if (has->amplified) table_column(table, "attempts/turn", false);
    table_column(table, "ttft P50", false);
    if (has->wide) table_column(table, "ttft P95", false);
    table_column(table, "ttft P99", false);
    if (has->wide) {
        table_column(table, "response P50", false);
        table_column(table, "response P99", false);
    }
    if (has->concurrency) table_column(table, has->wide ? "open (peak)" : "open", false);
    if (has->concurrency) table_column(table, has->wide ? "in flight (peak)" : "in flight", false);
    if (has->held) table_column(table, "held", false);
    if (has->validity) table_column(table, "valid", true);
}

static void put_value(struct table *table, const struct latency_figures *latency, int64_t us)
{
    format_latency(table_cell(table), latency, us);
    table_next(table);
}

static void put_tail(struct table *table, const struct latency_figures *latency)
{
    format_tail(table_cell(table), latency);
    table_next(table);
}

/* "41.2 (63)", or the mean alone. */
static void put_level(struct table *table, const struct report_cell *cell, enum level level,
                      bool peak)
{
    const struct concurrency *concurrency = &cell->cell.concurrency;
    struct text *out = table_cell(table);
    format_mean(out, concurrency_mean(concurrency, level));
    if (peak && concurrency_known(concurrency)) {
        text_puts(out, " (");
        text_count(out, concurrency->of[level].peak);
        text_puts(out, ")");
    }
    table_next(table);
}

static void put_amplification(struct table *table, const struct report_cell *cell)
{
    const double value = retry_figures_of(cell).attempts_per_interaction;
    isfinite(value) ? text_printf(table_cell(table), "%.3f", value)
                    : text_puts(table_cell(table), "-");
    table_next(table);
}

static void row(const struct report_cell *cell, struct table *table, const struct columns *has)
{
    const bool wide = has->wide;
    const struct latency_figures *ttft = &cell->latency[METRIC_TTFT];
    const struct latency_figures *response = &cell->latency[METRIC_RESPONSE];
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    text_count(table_cell(table), report_cell_attempts(cell));
    table_next(table);
    text_count(table_cell(table), cell->cell.counters.attempts_failed);
    table_next(table);
    format_estimate(table_cell(table), &rate.estimate);
    table_next(table);
    if (has->amplified) put_amplification(table, cell);
    put_value(table, ttft, ttft->p50);
    if (wide) put_value(table, ttft, ttft->p95);
    put_tail(table, ttft);
    if (wide) put_value(table, response, response->p50);
    if (wide) put_tail(table, response);
    for (int i = 0; has->concurrency && i < LEVEL_COUNT; i++)
        put_level(table, cell, (enum level)i, wide);
    if (has->held) {
        format_percent(table_cell(table), report_cell_held(cell));
        table_next(table);
    }
    if (has->validity) table_put(table, report_cell_valid(cell) ? "valid" : "invalid");
}

size_t tables_windows(const struct results *results, const struct grouping *grouping,
                      size_t max_rows, bool wide, struct table *table)
{
    size_t regions = results->region_count > 0 ? results->region_count : 1;
    size_t wanted = max_rows / regions > 0 ? max_rows / regions : 1;
    if (wanted > grouping->slice_count) wanted = grouping->slice_count;
    const struct columns has = {.wide = wide,
                                .validity = wide || any_invalid(results, grouping),
                                .held = results->all.cell.counters.held_ms > 0,
                                .concurrency = any_concurrency(results),
                                .amplified = wide && results->all.cell.counters.retries > 0};
    /* in a time zone, each label names it */
    columns(table, results_zone(results) == NULL, &has);
    struct ranked *ranked = choose(results, grouping, wanted);
    if (ranked == NULL) {
        table->failed = true;
        return 0;
    }
    for (size_t i = 0; i < wanted; i++) {
        const struct slice *slice = &grouping->slices[ranked[i].slice];
        for (size_t r = 0; r < results->region_count; r++) {
            grouping_label(results, grouping, slice, table_cell(table));
            table_next(table);
            table_put(table, results->regions[r]);
            row(&slice->cells[r], table, &has);
        }
    }
    free(ranked);
    return grouping->slice_count - wanted;
}
