/* Ends that are not failures, and the fate of sessions after a failure. */
#include "base/digits.h"
#include "figures/cells.h"
#include "realtime/failure.h"
#include "report/format.h"
#include "report/tables.h"

#include <stdlib.h>

void tables_lifecycle(const struct results *results, struct table *table)
{
    table_column(table, "code", true);
    table_column(table, "region", true);
    table_column(table, "count", false);
    table_column(table, "what it means", true);
    for (size_t r = 0; r < results->region_count; r++) {
        struct tally *tallies;
        size_t count = report_cell_lifecycle(results_region(results, r), &tallies);
        for (size_t i = 0; i < count; i++) {
            const struct failure_class *class = failure_class_of(tallies[i].code);
            table_put(table, tallies[i].code);
            table_put(table, results->regions[r]);
            text_count(table_cell(table), tallies[i].count);
            table_next(table);
            table_put(table,
                      class == NULL ? "not in the catalogue: see failures.jsonl" : class->advice);
        }
        free(tallies);
    }
}

static void probes_row(const char *region, const struct counters *counters, struct table *table)
{
    if (counters->probes == 0) return;
    table_put(table, region);
    text_count(table_cell(table), counters->probes);
    table_next(table);
    text_count(table_cell(table), counters->probes_recovered);
    table_next(table);
    format_percent(table_cell(table),
                   (double)counters->probes_recovered / (double)counters->probes);
    table_next(table);
}

void tables_probes(const struct results *results, struct table *table)
{
    table_column(table, "region", true);
    table_column(table, "probes", false);
    table_column(table, "recovered", false);
    table_column(table, "share", false);
    for (size_t r = 0; r < results->region_count; r++) {
        probes_row(results->regions[r], &results_region(results, r)->cell.counters, table);
    }
    if (results->region_count > 1) probes_row("all regions", &results->all.cell.counters, table);
}
