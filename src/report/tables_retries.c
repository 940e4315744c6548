/* What retries hid, where interactions were answered in the end, and what that cost. */
#include "base/digits.h"
#include "figures/cells.h"
#include "figures/retries.h"
#include "report/format.h"
#include "report/tables.h"

#include <math.h>

static void share(struct table *table, double part, double whole)
{
    whole > 0 ? format_percent(table_cell(table), part / whole) : text_puts(table_cell(table), "-");
    table_next(table);
}

static void row(const char *name, const struct report_cell *cell, struct table *table)
{
    const struct counters *c = &cell->cell.counters;
    const struct retry_figures figures = retry_figures_of(cell);
    const uint64_t recovered[] = {c->recovered_same_session, c->recovered_new_session,
                                  c->recovered_other_region};
    if (c->attempts_failed == 0 && c->recovered == 0) return;
    table_put(table, name);
    share(table, (double)c->attempts_failed, (double)report_cell_attempts(cell));
    share(table, (double)c->interactions_failed, figures.interactions);
    isfinite(figures.attempts_per_interaction)
        ? text_printf(table_cell(table), "%.3f", figures.attempts_per_interaction)
        : text_puts(table_cell(table), "-");
    table_next(table);
    for (size_t i = 0; i < sizeof recovered / sizeof *recovered; i++) {
        text_count(table_cell(table), recovered[i]);
        table_next(table);
    }
    isfinite(figures.added_seconds) ? format_us(table_cell(table), figures.added_seconds * 1e6)
                                    : text_puts(table_cell(table), "-");
    table_next(table);
    format_cost(table_cell(table), c, c->failed_cost_usd);
    table_next(table);
}

static void hedges_row(const char *name, const struct report_cell *cell, struct table *table)
{
    const struct counters *c = &cell->cell.counters;
    const uint64_t counts[] = {c->hedges, c->hedges_won, c->hedges_cancelled, c->hedge_tokens};
    table_put(table, name);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        text_count(table_cell(table), counts[i]);
        table_next(table);
    }
    format_cost(table_cell(table), c, c->hedge_cost_usd);
    table_next(table);
}

void tables_hedges(const struct results *results, struct table *table)
{
    static const char *const headings[] = {"region",    "second attempts", "answered first",
                                           "cancelled", "tokens not used", "USD"};
    if (results->all.cell.counters.hedges == 0) return;
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], i == 0);
    for (size_t r = 0; r < results->region_count; r++)
        hedges_row(results->regions[r], results_region(results, r), table);
    if (results->region_count > 1) hedges_row("all regions", &results->all, table);
}

void tables_retries(const struct results *results, struct table *table)
{
    static const char *const headings[] = {"region",        "attempts failed", "turns failed",
                                           "attempts/turn", "same session",    "new session",
                                           "other region",  "time added",      "USD"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], i == 0);
    for (size_t r = 0; r < results->region_count; r++)
        row(results->regions[r], results_region(results, r), table);
    if (results->region_count > 1) row("all regions", &results->all, table);
}
