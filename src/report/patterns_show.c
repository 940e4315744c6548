#include "report/patterns_show.h"
#include "figures/patterns.h"

#include "base/calendar.h"
#include "base/json.h"
#include "figures/grouping.h"
#include "report/figures_json.h"
#include "report/format.h"

#include <math.h>

/* ---- tables ---- */

void patterns_hours_table(const struct results *results, struct table *table)
{
    const struct patterns *patterns = results->patterns;
    const struct zone *zone = results_zone(results);
    table_column(table, zone == NULL ? "hour (UTC)" : "hour", true);
    for (size_t r = 0; r < results->region_count && r + 1 < TABLE_COLUMNS_MAX; r++)
        table_column(table, results->regions[r], false);
    for (size_t h = 0; patterns->hours != NULL && h < DAY_HOURS; h++) {
        text_printf(table_cell(table), "%02zu:00", h);
        table_next(table);
        for (size_t r = 0; r < results->region_count && r + 1 < TABLE_COLUMNS_MAX; r++) {
            format_estimate(table_cell(table), &patterns->hours[r * DAY_HOURS + h].rate);
            table_next(table);
        }
    }
}

static void p_words(double p, struct text *out)
{
    text_printf(out, p < 0.0001 ? "%.1g" : "%.2g", p);
}

/* What makes the window stand out most: its failures, or the incidents that began in it. */
static void against_words(const struct concentration *found, struct text *out)
{
    if (found->by_incidents) {
        text_printf(out, "%zu of %zu incidents", found->incidents, found->all_incidents);
    } else {
        text_printf(out, "%.0f failed, %.1f expected", found->failed, found->expected);
    }
}

void patterns_concentration_table(const struct results *results, struct table *table)
{
    const struct patterns *patterns = results->patterns;
    table_column(table, "region", true);
    table_column(table, "window", true);
    table_column(table, "it has", false);
    table_column(table, "there", false);
    table_column(table, "others", false);
    table_column(table, "p", false);
    table_column(table, "it", true);
    for (size_t r = 0; r < results->region_count; r++) {
        const struct concentration *found = &patterns->concentration[r];
        if (!found->known) continue;
        table_put(table, results->regions[r]);
        grouping_label(results, patterns->grouping, found->worst, table_cell(table));
        table_next(table);
        against_words(found, table_cell(table));
        table_next(table);
        format_estimate(table_cell(table), &found->there);
        table_next(table);
        format_estimate(table_cell(table), &found->rest);
        table_next(table);
        p_words(found->p, table_cell(table));
        table_next(table);
        table_put(table, found->stands_out ? "stands out" : "may be chance");
    }
}

static const char *together_words(const struct together *found)
{
    switch (found->verdict) {
    case TOGETHER_YES:
        return "together, beyond chance";
    case TOGETHER_NOT_SEEN:
        return "together as often as by chance";
    case TOGETHER_UNKNOWN:
        break;
    }
    return "unknown: too few failures or too little time";
}

void patterns_together_table(const struct results *results, struct table *table)
{
    const struct patterns *patterns = results->patterns;
    table_column(table, "regions", true);
    table_column(table, "both failed in", false);
    table_column(table, "by chance", false);
    table_column(table, "p", false);
    table_column(table, "they fail", true);
    for (size_t i = 0; i < patterns->together_count; i++) {
        const struct together *found = &patterns->together[i];
        bool known = found->verdict != TOGETHER_UNKNOWN;
        text_printf(table_cell(table), "%s, %s", results->regions[found->a],
                    results->regions[found->b]);
        table_next(table);
        text_printf(table_cell(table), "%.0f of %zu", found->both, found->blocks);
        table_next(table);
        known ? text_printf(table_cell(table), "%.1f", found->expected)
              : text_puts(table_cell(table), "-");
        table_next(table);
        known ? p_words(found->adjusted, table_cell(table)) : text_puts(table_cell(table), "-");
        table_next(table);
        table_put(table, together_words(found));
    }
}

/* ---- JSON ---- */

static void hours_json(const struct results *results, const struct patterns *patterns,
                       struct text *out)
{
    json_key(out, "hours");
    if (patterns->hours == NULL) {
        json_null(out);
        return;
    }
    const struct zone *zone = results_zone(results);
    json_open(out, '{');
    json_put_string(out, "zone", zone == NULL ? "UTC" : zone_name(zone));
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++) {
        json_open(out, '{');
        json_put_string(out, "name", results->regions[r]);
        json_key(out, "hours");
        json_open(out, '[');
        for (size_t h = 0; h < DAY_HOURS; h++) {
            const struct hour_figures *hour = &patterns->hours[r * DAY_HOURS + h];
            json_open(out, '{');
            json_put_count(out, "hour", h);
            json_put_number(out, "attempts", hour->attempts);
            json_put_number(out, "failed", hour->failed);
            figures_estimate_json("failure_rate", &hour->rate, out);
            json_close(out, '}');
        }
        json_close(out, ']');
        json_close(out, '}');
    }
    json_close(out, ']');
    json_close(out, '}');
}

static void concentration_json(const struct results *results, const struct patterns *patterns,
                               struct text *out)
{
    json_key(out, "concentration");
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++) {
        const struct concentration *found = &patterns->concentration[r];
        if (!found->known) continue;
        char stamp[32];
        json_open(out, '{');
        json_put_string(out, "region", results->regions[r]);
        format_utc_ms(found->worst->start_ns, stamp);
        json_put_string(out, "start", stamp);
        format_utc_ms(found->worst->end_ns, stamp);
        json_put_string(out, "end", stamp);
        figures_estimate_json("there", &found->there, out);
        figures_estimate_json("rest", &found->rest, out);
        json_put_string(out, "by", found->by_incidents ? "incidents" : "failures");
        json_put_number(out, "failed", found->failed);
        json_put_number(out, "expected", found->expected);
        json_put_count(out, "incidents", found->incidents);
        json_put_number(out, "p", found->p);
        json_put_bool(out, "stands_out", found->stands_out);
        json_put_count(out, "windows", found->windows);
        json_put_number(out, "share_of_failures", found->share_failed);
        json_put_number(out, "share_of_attempts", found->share_attempts);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void together_json(const struct results *results, const struct patterns *patterns,
                          struct text *out)
{
    json_key(out, "together");
    json_open(out, '[');
    for (size_t i = 0; i < patterns->together_count; i++) {
        const struct together *found = &patterns->together[i];
        bool known = found->verdict != TOGETHER_UNKNOWN;
        json_open(out, '{');
        json_put_string(out, "a", results->regions[found->a]);
        json_put_string(out, "b", results->regions[found->b]);
        json_put_string(out, "verdict",
                        found->verdict == TOGETHER_YES ? "together"
                        : known                        ? "not_seen"
                                                       : "unknown");
        json_put_count(out, "blocks", found->blocks);
        json_put_number(out, "both_failed", found->both);
        json_put_number(out, "both_by_chance", known ? found->expected : NAN);
        json_put_number(out, "correlation", known ? found->r : NAN);
        json_put_number(out, "p", known ? found->p : NAN);
        json_put_number(out, "p_adjusted", known ? found->adjusted : NAN);
        json_close(out, '}');
    }
    json_close(out, ']');
}

void patterns_json(const struct results *results, struct text *out)
{
    const struct patterns *patterns = results->patterns;
    json_open(out, '{');
    hours_json(results, patterns, out);
    concentration_json(results, patterns, out);
    together_json(results, patterns, out);
    json_close(out, '}');
}
