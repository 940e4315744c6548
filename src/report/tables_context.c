/* How it goes with the size of a session's conversation. */
#include "figures/model.h"
#include "report/format.h"
#include "report/tables.h"

#include "base/digits.h"

#include <math.h>

static void put_quantile(const struct quantile *quantile, struct table *table)
{
    if (quantile->two_sided)
        format_us(table_cell(table), (double)quantile->value);
    else
        text_puts(table_cell(table), "n too small");
    table_next(table);
}

static void row(const char *name, const struct ages *ages, size_t bucket, struct table *table)
{
    const struct cluster_sums *sums = &ages->sums[AGES_CONTEXT][bucket];
    const struct estimate rate = rate_clustered(sums, CONFIDENCE, NULL);
    const struct quantile median = ages_ttft(ages, bucket, 0.5);
    const struct quantile tail = ages_ttft(ages, bucket, 0.95);
    if (!(sums->m > 0)) return;
    table_put(table, name);
    table_put(table, ages_bucket(AGES_CONTEXT, bucket)->label);
    text_count(table_cell(table), (uint64_t)sums->m);
    table_next(table);
    text_count(table_cell(table), (uint64_t)sums->x);
    table_next(table);
    format_estimate(table_cell(table), &rate);
    table_next(table);
    format_mean(table_cell(table), ages_input(ages, AGES_CONTEXT, bucket));
    table_next(table);
    put_quantile(&median, table);
    put_quantile(&tail, table);
}

/* Whether any conversation went on after its first turn: else there is nothing to compare. */
static bool grows(const struct results *results)
{
    for (size_t r = 0; r < results->region_count; r++) {
        for (size_t b = 1; b < AGES_BUCKETS; b++) {
            if (results->ages[r].sums[AGES_CONTEXT][b].m > 0) return true;
        }
    }
    return false;
}

void tables_context(const struct results *results, struct table *table)
{
    static const char *const headings[] = {"region",       "tokens before", "attempts", "failed",
                                           "failed (95%)", "mean input",    "ttft P50", "ttft P95"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], i < 2);
    if (!grows(results)) return;
    for (size_t r = 0; r < results->region_count; r++) {
        for (size_t b = 0; b < AGES_BUCKETS; b++)
            row(results->regions[r], &results->ages[r], b, table);
    }
}
