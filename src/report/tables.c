#include "report/tables.h"

#include "base/digits.h"
#include "figures/claim.h"
#include "realtime/failure.h"
#include "report/format.h"

#include <stdlib.h>

typedef void row_writer(struct table *table, const struct report_cell *cell);

static void put_count(struct table *table, uint64_t count)
{
    text_count(table_cell(table), count);
    table_next(table);
}

static void put_rate(struct table *table, const struct report_cell *cell, enum rate_kind kind)
{
    struct rate rate = report_cell_rate(cell, kind);
    format_estimate(table_cell(table), &rate.estimate);
    table_next(table);
}

/* "135 of 893, 15.1%" */
static void put_share(struct table *table, const struct report_cell *cell, enum rate_kind kind)
{
    struct rate rate = report_cell_rate(cell, kind);
    struct text *out = table_cell(table);
    if (!rate.estimate.valid) {
        text_puts(out, "-");
    } else {
        text_count(out, (uint64_t)rate.failed);
        text_puts(out, " of ");
        text_count(out, (uint64_t)rate.trials);
        text_puts(out, ", ");
        format_percent(out, rate.estimate.value);
    }
    table_next(table);
}

static void put_latency(struct table *table, const struct latency_figures *latency, int64_t us)
{
    format_latency(table_cell(table), latency, us);
    table_next(table);
}

static void put_tail(struct table *table, const struct latency_figures *latency)
{
    format_tail(table_cell(table), latency);
    table_next(table);
}

/* One row per region, and one for all of them if there are several. */
static void each_region(const struct results *results, struct table *table, row_writer *write)
{
    for (size_t r = 0; r < results->region_count; r++) {
        table_put(table, results->regions[r]);
        write(table, results_region(results, r));
    }
    if (results->region_count < 2) return;
    table_put(table, "all regions");
    write(table, &results->all);
}

static void failures_row(const struct claim_of *of, struct table *table)
{
    const struct service_rate service = claim_failure_rate(of, RATE_ATTEMPT);
    put_count(table, report_cell_attempts(of->cell));
    put_count(table, of->cell->cell.counters.attempts_failed);
    put_rate(table, of->cell, RATE_ATTEMPT);
    format_service(table_cell(table), &service);
    table_next(table);
    put_share(table, of->cell, RATE_SESSION);
    put_share(table, of->cell, RATE_INTERACTION);
}

void tables_failures(const struct results *results, struct table *table)
{
    table_column(table, "region", true);
    table_column(table, "attempts", false);
    table_column(table, "failed", false);
    table_column(table, "in this run (95%)", false);
    table_column(table, "at such hours", false);
    table_column(table, "sessions with failures", false);
    table_column(table, "interactions failed", false);
    for (size_t r = 0; r < results->region_count; r++) {
        const struct claim_of of = claim_of_region(results, r);
        table_put(table, results->regions[r]);
        failures_row(&of, table);
    }
    if (results->region_count < 2) return;
    const struct claim_of all = claim_of_all(results);
    table_put(table, "all regions");
    failures_row(&all, table);
}

static void put_cost(struct table *table, const struct report_cell *cell)
{
    const struct counters *c = &cell->cell.counters;
    format_cost(table_cell(table), c, c->cost_usd);
    table_next(table);
}

typedef bool metric_test(enum metric metric);

static bool is_shown(enum metric metric)
{
    return metric_has(metric, METRIC_SHOWN);
}

static void latency_row(struct table *table, const struct report_cell *cell)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (!is_shown((enum metric)m)) continue;
        put_latency(table, &cell->latency[m], cell->latency[m].p50);
        put_tail(table, &cell->latency[m]);
    }
    put_cost(table, cell);
}

/* Columns such as "ttft P50", one for each statistic of each selected metric. */
static void metric_columns(struct table *table, metric_test *wanted, const char *const *statistics,
                           size_t count)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (!wanted((enum metric)m)) continue;
        for (size_t i = 0; i < count; i++) {
            struct text heading = {0};
            text_printf(&heading, "%s %s", metric_name((enum metric)m), statistics[i]);
            table_column(table, text_str(&heading), false);
            text_free(&heading);
        }
    }
}

void tables_latency(const struct results *results, struct table *table)
{
    static const char *const statistics[] = {"P50", "P99"};
    table_column(table, "region", true);
    metric_columns(table, is_shown, statistics, 2);
    table_column(table, "cost", false);
    each_region(results, table, latency_row);
}

static void put_all(struct table *table, const struct all_attempts *all, int64_t us)
{
    format_all(table_cell(table), all, us);
    table_next(table);
}

static bool among_all_attempts(enum metric metric)
{
    return metric_has(metric, METRIC_SHOWN) && metric_has(metric, METRIC_OF_ATTEMPT);
}

static void all_attempts_row(struct table *table, const struct report_cell *cell)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (!among_all_attempts((enum metric)m)) continue;
        const struct all_attempts *all = &cell->all[m];
        put_all(table, all, all->p50);
        put_all(table, all, all->p95);
        if (all->count > 0 && !all_attempts_bear_tail(all)) {
            table_put(table, "n too small");
        } else {
            put_all(table, all, all->p99);
        }
    }
}

void tables_all_attempts(const struct results *results, struct table *table)
{
    static const char *const statistics[] = {"P50", "P95", "P99"};
    table_column(table, "region", true);
    metric_columns(table, among_all_attempts, statistics, 3);
    each_region(results, table, all_attempts_row);
}

static void put_tally(const struct results *results, struct table *table, size_t region,
                      const struct tally *tally)
{
    table_put(table, tally->code);
    table_put(table, results->regions[region]);
    put_count(table, tally->count);
    table_put(table, phase_name(tally->phase));
    table_put(table, domain_name(tally->domain));
}

void tables_codes(const struct results *results, struct table *table)
{
    table_column(table, "code", true);
    table_column(table, "region", true);
    table_column(table, "count", false);
    table_column(table, "phase", true);
    table_column(table, "domain", true);
    for (size_t r = 0; r < results->region_count; r++) {
        struct tally *tallies;
        size_t count = report_cell_tallies(results_region(results, r), &tallies);
        for (size_t i = 0; i < count; i++) put_tally(results, table, r, &tallies[i]);
        free(tallies);
    }
}

void tables_advice(const struct results *results, struct table *table)
{
    struct tally *tallies;
    size_t count = report_cell_codes(&results->all, &tallies);
    table_column(table, "code", true);
    table_column(table, "count", false);
    table_column(table, "what to do", true);
    for (size_t i = 0; i < count; i++) {
        const struct failure_class *class = failure_class_of(tallies[i].code);
        table_put(table, tallies[i].code);
        put_count(table, tallies[i].count);
        table_put(table,
                  class == NULL ? "not in the catalogue: see failures.jsonl" : class->advice);
    }
    free(tallies);
}

/* The columns of a brief table, beside the first. */
enum { BRIEF_ATTEMPTS = 1, BRIEF_INTERACTIONS = 2, BRIEF_P50 = 4, BRIEF_P99 = 8 };

static void region_row(struct table *table, const struct report_cell *cell, unsigned columns)
{
    const struct latency_figures *ttft = &cell->latency[METRIC_TTFT];
    if ((columns & BRIEF_ATTEMPTS) != 0) put_count(table, report_cell_attempts(cell));
    put_rate(table, cell, RATE_ATTEMPT);
    if ((columns & BRIEF_INTERACTIONS) != 0) put_share(table, cell, RATE_INTERACTION);
    if ((columns & BRIEF_P50) != 0) put_latency(table, ttft, ttft->p50);
    if ((columns & BRIEF_P99) != 0) put_tail(table, ttft);
}

static void regions_with(const struct results *results, unsigned columns, struct table *table)
{
    table_column(table, "region", true);
    if ((columns & BRIEF_ATTEMPTS) != 0) table_column(table, "attempts", false);
    table_column(table, "failed (95%)", false);
    if ((columns & BRIEF_INTERACTIONS) != 0) table_column(table, "interactions failed", false);
    if ((columns & BRIEF_P50) != 0) table_column(table, "ttft P50", false);
    if ((columns & BRIEF_P99) != 0) table_column(table, "ttft P99", false);
    for (size_t r = 0; r < results->region_count; r++) {
        table_put(table, results->regions[r]);
        region_row(table, results_region(results, r), columns);
    }
    if (results->region_count < 2) return;
    table_put(table, "all regions");
    region_row(table, &results->all, columns);
}

void tables_regions(const struct results *results, size_t width, struct table *table)
{
    static const unsigned choices[] = {BRIEF_ATTEMPTS | BRIEF_INTERACTIONS | BRIEF_P50 | BRIEF_P99,
                                       BRIEF_ATTEMPTS | BRIEF_INTERACTIONS | BRIEF_P99,
                                       BRIEF_ATTEMPTS | BRIEF_P99, BRIEF_P99, 0};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        table_free(table);
        *table = (struct table){0};
        regions_with(results, choices[i], table);
        if (table_width(table) <= width) return;
    }
}

/* The first so many columns of the thresholds. */
enum { THRESHOLD_VERDICT = 2, THRESHOLD_RUN, THRESHOLD_SERVICE, THRESHOLD_WHERE };

static void threshold_row(const struct results *results, const struct judged *judged, int columns,
                          struct table *table)
{
    table_put(table, judged->expression);
    table_put(table, verdict_name(judged->of.verdict));
    if (columns < THRESHOLD_RUN) return;
    format_judged(table_cell(table), judged);
    table_next(table);
    if (columns < THRESHOLD_SERVICE) return;
    format_judged_service(table_cell(table), judged);
    table_next(table);
    if (columns < THRESHOLD_WHERE) return;
    format_judged_where(table_cell(table), results, judged);
    table_next(table);
}

static void threshold_columns(int columns, struct table *table)
{
    table_column(table, "threshold", true);
    table_column(table, "verdict", true);
    if (columns >= THRESHOLD_RUN) table_column(table, "in this run (95%)", false);
    if (columns >= THRESHOLD_SERVICE) table_column(table, "at such hours (95%)", false);
    if (columns >= THRESHOLD_WHERE) table_column(table, "decided by", true);
}

void tables_thresholds_brief(const struct results *results, size_t most, size_t width,
                             struct table *table)
{
    const bool all = results->judged_count <= most;
    for (int columns = THRESHOLD_SERVICE; columns >= THRESHOLD_VERDICT; columns--) {
        table_free(table);
        *table = (struct table){0};
        threshold_columns(columns, table);
        for (size_t i = 0, rows = 0; i < results->judged_count && rows < most; i++) {
            const struct judged *judged = &results->judged[i];
            if (!all && judged->of.verdict == VERDICT_PASS) continue;
            threshold_row(results, judged, columns, table);
            rows++;
        }
        if (table_width(table) <= width) return;
    }
}

void tables_thresholds(const struct results *results, struct table *table)
{
    threshold_columns(THRESHOLD_WHERE, table);
    for (size_t i = 0; i < results->judged_count; i++)
        threshold_row(results, &results->judged[i], THRESHOLD_WHERE, table);
}

void tables_metrics(const struct results *results, struct table *table)
{
    static const char *const headings[] = {"count", "P50", "P90", "P95", "P99", "max"};
    table_column(table, "metric", true);
    table_column(table, "region", true);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], false);
    for (int m = 0; m < METRIC_COUNT; m++) {
        for (size_t r = 0; r < results->region_count; r++) {
            const struct latency_figures *latency = &results_region(results, r)->latency[m];
            if (latency->count == 0) continue;
            table_put(table, metric_name((enum metric)m));
            table_put(table, results->regions[r]);
            put_count(table, latency->count);
            put_latency(table, latency, latency->p50);
            put_latency(table, latency, latency->p90);
            put_latency(table, latency, latency->p95);
            put_tail(table, latency);
            put_latency(table, latency, latency->max);
        }
    }
}
