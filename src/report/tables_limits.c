/* Limits that the service told, against the quota that the profile says was bought. */
#include "base/digits.h"
#include "figures/cells.h"
#include "report/format.h"
#include "report/tables.h"

static void put_told(const struct told_limit *told, struct table *table)
{
    struct text *out = table_cell(table);
    if (told->low == 0) {
        text_puts(out, "-");
    } else {
        text_count(out, told->low);
    }
    if (told->high > told->low) {
        text_puts(out, " to ");
        text_count(out, told->high);
    }
    table_next(table);
}

static void put_quota(double quota, struct table *table)
{
    if (quota > 0) {
        text_count(table_cell(table), (uint64_t)quota);
    } else {
        text_puts(table_cell(table), "not given");
    }
    table_next(table);
}

static bool is_below(const struct told_limit *told, double quota)
{
    return told->low > 0 && quota > 0 && (double)told->low < quota;
}

static void put_meaning(const struct told_limits *limits, double rpm, double tpm,
                        struct table *table)
{
    struct text *out = table_cell(table);
    const bool requests = is_below(&limits->requests, rpm);
    const bool tokens = is_below(&limits->tokens, tpm);
    if (requests || tokens) {
        text_printf(out, "%s%s%s below the quota for a time", requests ? "requests" : "",
                    requests && tokens ? " and " : "", tokens ? "tokens" : "");
    } else if (limits->requests.high > limits->requests.low ||
               limits->tokens.high > limits->tokens.low) {
        text_puts(out, "the limit changed during the run");
    } else {
        text_puts(out,
                  rpm > 0 || tpm > 0 ? "as bought or above" : "set regions[].quota to compare");
    }
    table_next(table);
}

void tables_limits(const struct results *results, struct table *table)
{
    table_column(table, "region", true);
    table_column(table, "requests a minute, told", false);
    table_column(table, "quota", false);
    table_column(table, "tokens a minute, told", false);
    table_column(table, "quota", false);
    table_column(table, "so", true);
    for (size_t r = 0; r < results->region_count; r++) {
        const struct told_limits *limits = &results_region(results, r)->cell.limits;
        const double rpm = results_region_quota(results, r, "rpm");
        const double tpm = results_region_quota(results, r, "tpm");
        if (limits->requests.low == 0 && limits->tokens.low == 0) continue;
        table_put(table, results->regions[r]);
        put_told(&limits->requests, table);
        put_quota(rpm, table);
        put_told(&limits->tokens, table);
        put_quota(tpm, table);
        put_meaning(limits, rpm, tpm, table);
    }
}
