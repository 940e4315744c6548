#include "compare/incidents.h"

#include "base/digits.h"
#include "base/json.h"
#include "figures/cells.h"
#include "figures/grouping.h"
#include "report/figures_json.h"
#include "report/format.h"

#include <math.h>

static bool holds(const void *context, int64_t start_ns)
{
    return grouping_find(context, start_ns) != NULL;
}

/* Finds a side's cell: the grouping that pools it, and its region. */
static bool place_of(const struct compare_side *side, const struct grouping **grouping,
                     size_t *region)
{
    const struct results *results = side->of.results;
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *one = &results->groupings[g];
        if (one->kind != GROUP_TOTAL && one->kind != GROUP_POOLED) continue;
        for (size_t r = 0; one->slice_count > 0 && r < results->region_count; r++) {
            if (&one->slices[0].cells[r] != side->of.cell) continue;
            *grouping = one;
            *region = r;
            return true;
        }
    }
    return false;
}

bool compare_side_incidents(const struct compare_side *side, struct incident_rates *out)
{
    const struct results *results = side->of.results;
    const struct grouping *grouping;
    size_t region;
    if (!results->incidents->searched || !place_of(side, &grouping, &region)) return false;
    *out = run_incidents_rates(results->incidents, results->timeline, region, holds, grouping);
    return out->hours > 0;
}

static void put_side(const struct compare_pair *pair, const struct compare_side *side,
                     const char *label, struct table *table)
{
    struct incident_rates rates;
    bool known = compare_side_incidents(side, &rates);
    struct estimate total = report_cell_rate(side->of.cell, RATE_ATTEMPT).estimate;
    table_put(table, pair->region);
    table_put(table, label);
    known ? text_count(table_cell(table), rates.incidents) : text_puts(table_cell(table), "-");
    table_next(table);
    known ? format_per_hour(table_cell(table), &rates.per_hour) : text_puts(table_cell(table), "-");
    table_next(table);
    format_estimate(table_cell(table), &total);
    table_next(table);
    known ? format_estimate(table_cell(table), &rates.outside) : text_puts(table_cell(table), "-");
    table_next(table);
}

void compare_table_incidents(const struct compared *comparison, struct table *table)
{
    table_column(table, "region", true);
    table_column(table, "side", true);
    table_column(table, "incidents", false);
    table_column(table, "an hour (95%)", false);
    table_column(table, "failure rate (95%)", false);
    table_column(table, "outside of incidents (95%)", false);
    for (size_t i = 0; i < comparison->pair_count; i++) {
        const struct compare_pair *pair = &comparison->pairs[i];
        put_side(pair, &pair->a, comparison->label_a, table);
        put_side(pair, &pair->b, comparison->label_b, table);
    }
}

static void known_json(const char *key, const struct estimate *estimate, bool known,
                       struct text *out)
{
    struct estimate shown = *estimate;
    shown.valid = shown.valid && known;
    figures_interval_json(key, &shown, out);
}

static void side_json(const char *key, const struct compare_side *side, struct text *out)
{
    struct incident_rates rates = {0};
    bool known = compare_side_incidents(side, &rates);
    struct estimate total = report_cell_rate(side->of.cell, RATE_ATTEMPT).estimate;
    json_key(out, key);
    json_open(out, '{');
    json_key(out, "incidents");
    known ? json_whole(out, rates.incidents) : json_null(out);
    json_put_number(out, "hours", known ? rates.hours : NAN);
    known_json("per_hour", &rates.per_hour, known, out);
    figures_interval_json("failure_rate", &total, out);
    known_json("outside", &rates.outside, known, out);
    json_put_number(out, "left_out", known ? rates.left_out : NAN);
    json_close(out, '}');
}

void compare_incidents_json(const struct compared *comparison, struct text *out)
{
    json_key(out, "incidents");
    json_open(out, '[');
    for (size_t i = 0; i < comparison->pair_count; i++) {
        const struct compare_pair *pair = &comparison->pairs[i];
        json_open(out, '{');
        json_put_string(out, "region", pair->region);
        side_json("a", &pair->a, out);
        side_json("b", &pair->b, out);
        json_close(out, '}');
    }
    json_close(out, ']');
}
