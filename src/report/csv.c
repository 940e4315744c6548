#include "report/report.h"

#include "base/calendar.h"
#include "figures/cells.h"
#include "figures/claim.h"
#include "figures/grouping.h"
#include "figures/retries.h"
#include "report/sheet.h"

#include <math.h>

static void rate_fields(const struct report_cell *cell, enum rate_kind kind, struct text *out)
{
    struct rate rate = report_cell_rate(cell, kind);
    if (rate.estimate.valid) {
        text_printf(out, ",%.6g,%.6g,%.6g", rate.estimate.value, rate.estimate.low,
                    rate.estimate.high);
    } else {
        text_puts(out, ",,,");
    }
}

/* What the cell says of the service at such hours; empty where it cannot tell. */
static void service_fields(const struct claim_of *of, enum rate_kind kind, struct text *out)
{
    const struct service_rate rate = claim_failure_rate(of, kind);
    const bool known = rate.dependence.why == DEPENDENCE_KNOWN;
    sheet_number(out, known ? rate.estimate.low : NAN);
    sheet_number(out, known ? rate.estimate.high : NAN);
    sheet_number(out, known ? rate.effective_n : NAN);
}

static void latency_fields(const struct latency_figures *latency, struct text *out)
{
    if (latency->count == 0) {
        text_puts(out, ",0,,,,,");
        return;
    }
    text_printf(out, ",%llu,%.3f,%.3f,%.3f,", (unsigned long long)latency->count,
                (double)latency->p50 / 1e3, (double)latency->p90 / 1e3, (double)latency->p95 / 1e3);
    if (latency_bears_tail(latency)) text_printf(out, "%.3f", (double)latency->p99 / 1e3);
    text_printf(out, ",%.3f", (double)latency->max / 1e3);
}

static void header(struct text *out)
{
    /* as enum rate_kind; the last one has no claim */
    static const char *const rates[] = {"failure_rate", "interaction_failure_rate",
                                        "session_failure_rate", "hazard"};
    text_puts(out, "window,start_utc,end_utc,date,time,region,attempts,attempts_failed,attempts_"
                   "cancelled,interactions,"
                   "interactions_failed,"
                   "retries,sessions,sessions_with_failed_attempt");
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        text_printf(out, ",%s,%s_low,%s_high", rates[i], rates[i], rates[i]);
    }
    for (int i = 0; i < METRIC_COUNT; i++) {
        const char *m = metric_name((enum metric)i);
        if (!metric_has((enum metric)i, METRIC_IN_CSV)) continue;
        text_printf(out, ",%s_count,%s_p50_ms,%s_p90_ms,%s_p95_ms,%s_p99_ms,%s_max_ms", m, m, m, m,
                    m, m);
    }
    text_puts(out, ",input_tokens,cached_tokens,output_tokens,cost_usd,valid,why");
    for (int kind = RATE_ATTEMPT; kind < RATE_HAZARD; kind++) {
        const char *rate = rates[kind];
        text_printf(out, ",%s_service_low,%s_service_high,%s_service_effective_n", rate, rate,
                    rate);
    }
    for (int i = 0; i < LEVEL_COUNT; i++) {
        const char *level = level_name((enum level)i);
        text_printf(out, ",%s,%s_peak", level, level);
    }
    text_puts(out, ",attempts_per_interaction,hedges,hedges_won,hedges_cancelled\n");
}

static void row(const char *region, const struct claim_of *of, struct text *out)
{
    const struct report_cell *cell = of->cell;
    const struct counters *c = &cell->cell.counters;
    uint64_t interactions = c->interactions_ok + c->interactions_failed;
    struct text why = {0};
    sheet_field(out, region);
    text_printf(out, ",%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu",
                (unsigned long long)report_cell_attempts(cell),
                (unsigned long long)c->attempts_failed, (unsigned long long)c->attempts_cancelled,
                (unsigned long long)interactions, (unsigned long long)c->interactions_failed,
                (unsigned long long)c->retries, (unsigned long long)c->sessions_with_attempts,
                (unsigned long long)c->sessions_with_failure);
    for (int kind = RATE_ATTEMPT; kind <= RATE_HAZARD; kind++)
        rate_fields(cell, (enum rate_kind)kind, out);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (metric_has((enum metric)m, METRIC_IN_CSV)) latency_fields(&cell->latency[m], out);
    }
    text_printf(out, ",%llu,%llu,%llu,", (unsigned long long)c->input_tokens,
                (unsigned long long)c->cached_tokens, (unsigned long long)c->output_tokens);
    if (!counters_unpriced(c)) text_printf(out, "%.6f", c->cost_usd);
    text_printf(out, ",%s,", report_cell_valid(cell) ? "true" : "false");
    report_cell_why(cell, &why);
    sheet_field(out, text_str(&why));
    text_free(&why);
    for (int kind = RATE_ATTEMPT; kind < RATE_HAZARD; kind++)
        service_fields(of, (enum rate_kind)kind, out);
    for (int i = 0; i < LEVEL_COUNT; i++) {
        const struct concurrency *concurrency = &cell->cell.concurrency;
        const bool known = concurrency_known(concurrency);
        sheet_number(out, concurrency_mean(concurrency, (enum level)i));
        sheet_number(out, known ? (double)concurrency->of[i].peak : NAN);
    }
    sheet_number(out, retry_figures_of(cell).attempts_per_interaction);
    text_printf(out, ",%llu,%llu,%llu\n", (unsigned long long)c->hedges,
                (unsigned long long)c->hedges_won, (unsigned long long)c->hedges_cancelled);
}

/*
 * Spreadsheets do not recognise a time with a Z. LibreOffice accepts a date and time with a T
 * between them; others want the start's date and time in separate columns, which are also useful
 * for grouping.
 */
static void span(const char *name, int64_t start_ns, int64_t end_ns, struct text *out)
{
    char start[32];
    char end[32];
    format_utc_ms(start_ns, start);
    format_utc_ms(end_ns, end);
    sheet_field(out, name);
    text_printf(out, ",%.23s,%.23s,%.10s,%.8s,", start, end, start, start + 11);
}

void results_csv(const struct results *results, struct text *out)
{
    header(out);
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_TOTAL && !grouping->shown) continue;
        const char *name = grouping->kind == GROUP_TOTAL ? "whole run" : grouping_name(grouping);
        for (size_t i = 0; i < grouping->slice_count; i++) {
            const struct slice *slice = &grouping->slices[i];
            for (size_t r = 0; r < results->region_count; r++) {
                span(name, slice->start_ns, slice->end_ns, out);
                const struct claim_of of = claim_of_slice(results, grouping, slice, r);
                row(results->regions[r], &of, out);
            }
        }
    }
}
