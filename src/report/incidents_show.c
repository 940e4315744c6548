#include "report/incidents_show.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/digits.h"
#include "base/units.h"
#include "figures/grouping.h"
#include "report/format.h"

#include <math.h>
#include <stdlib.h>

#define CODES_SHOWN 3
#define ROWS_MOST 100
#define HOUR_NS (3600 * (double)NS_PER_S)

static void hours_words(double hours, struct text *out)
{
    text_duration(out, (int64_t)(hours * HOUR_NS));
}

void incidents_left_out(const struct results *results, struct text *out)
{
    const struct run_incidents *incidents = results->incidents;
    const struct incident_rates *all = &incidents->regions[results->region_count];
    if (all->left_out > 0) {
        text_count(out, (uint64_t)all->left_out);
        text_puts(out, all->left_out > 1 ? " failures by a quota, the configuration or credentials"
                                         : " failure by a quota, the configuration or credentials");
    }
    if (all->unhealthy_hours > 0) {
        if (all->left_out > 0) text_puts(out, ", and ");
        hours_words(all->unhealthy_hours, out);
        text_puts(out, " in which the load generator was not healthy");
    }
}

static void count_words(const struct incident_rates *all, struct text *out)
{
    if (all->incidents == 0) {
        text_puts(out, "No incident was found: no stretch of time stands out from the rest. ");
        hours_words(all->hours, out);
        text_puts(out, " without any leave room for up to ");
        format_hourly(out, all->per_hour.high);
        text_puts(out, " an hour (95%)");
        return;
    }
    text_printf(out, "%zu incident%s in ", all->incidents, all->incidents == 1 ? "" : "s");
    hours_words(all->hours, out);
    text_puts(out, ", which is ");
    format_per_hour(out, &all->per_hour);
    text_puts(out, " an hour; outside of incidents ");
    format_estimate(out, &all->outside);
    text_puts(out, " of attempts failed");
}

void incidents_summary(const struct results *results, struct text *out)
{
    const struct run_incidents *incidents = results->incidents;
    struct text left_out = {0};
    incidents_left_out(results, &left_out);
    if (!incidents->searched) {
        text_puts(out, "Incidents were not looked for: the run has fewer than four intervals that "
                       "count");
    } else {
        count_words(&incidents->regions[results->region_count], out);
        text_printf(out, ". Of runs without an incident at most %.0f%% show one in this search",
                    100 * INCIDENT_FALSE_ALARM);
        if (!incidents->by_onsets)
            text_puts(out, ", which finds fewer without a whole attempts.csv");
    }
    if (left_out.length > 0) text_printf(out, ". Left out: %s", text_str(&left_out));
    text_puts(out, ".");
    if (left_out.failed) out->failed = true;
    text_free(&left_out);
}

void incident_when(const struct results *results, const struct run_incident *incident,
                   struct text *out)
{
    const struct slice slice = {.start_ns = incident->start_ns, .end_ns = incident->end_ns};
    grouping_label(results, &results->groupings[1], &slice, out);
}

void incident_regions(const struct results *results, const struct run_incident *incident,
                      struct text *out)
{
    for (size_t s = 0; s < incident->region_count; s++) {
        text_puts(out, s == 0 ? "" : s + 1 == incident->region_count ? " and " : ", ");
        text_puts(out, results->regions[incident->regions[s].region]);
    }
    if (results->region_count > 1)
        text_puts(out, incident->region_count > 1 ? " together" : " alone");
}

static void share_words(double failed, double attempts, struct text *out)
{
    text_count(out, (uint64_t)failed);
    text_puts(out, " of ");
    text_count(out, (uint64_t)attempts);
}

void incident_codes(const struct run_incident *incident, struct text *out)
{
    uint64_t more = 0;
    for (size_t c = 0; c < incident->code_count; c++) {
        if (c >= CODES_SHOWN) {
            more += incident->codes[c].count;
            continue;
        }
        text_printf(out, "%s%s ", c > 0 ? ", " : "", incident->codes[c].code);
        text_count(out, incident->codes[c].count);
    }
    if (more == 0) return;
    text_puts(out, ", others ");
    text_count(out, more);
}

/* What the worst stretch is called: an interval may be longer than a minute. */
static const char *worst_word(const struct results *results)
{
    return results->timeline->longest_ns > 60 * NS_PER_S ? "interval" : "minute";
}

static void worst_words(const struct results *results, const struct run_incident *incident,
                        struct text *out)
{
    struct civil at;
    zone_civil(results_zone(results), incident->worst_start_ns, &at);
    share_words(incident->worst_failed, incident->worst_attempts, out);
    text_printf(out, " at %02d:%02d:%02d", at.hour, at.minute, at.second);
}

void incident_length(const struct run_incident *incident, struct text *out)
{
    text_duration(out, incident->end_ns - incident->start_ns);
    if (incident->seen_ns >= incident->end_ns - incident->start_ns) return;
    text_puts(out, " (");
    text_duration(out, incident->seen_ns);
    text_puts(out, " of it recorded)");
}

void incident_words(const struct results *results, const struct run_incident *incident,
                    struct text *out)
{
    text_puts(out, "struck ");
    incident_regions(results, incident, out);
    text_puts(out, " at ");
    incident_when(results, incident, out);
    if (results_zone(results) == NULL) text_puts(out, " UTC");
    text_puts(out, ", for ");
    incident_length(incident, out);
    text_puts(out, ": ");
    share_words(incident->failed, incident->attempts, out);
    text_puts(out, " attempts failed (");
    format_percent(out, incident->failed / incident->attempts);
    text_puts(out, "), ");
    format_percent(out, incident->share_of_failures);
    text_puts(out, " of the failures that count");
}

void incident_details(const struct results *results, const struct run_incident *incident,
                      struct text *out)
{
    text_count(out, (uint64_t)incident->interactions_failed);
    text_puts(out, incident->interactions_failed == 1 ? " interaction" : " interactions");
    text_puts(out, " failed after all retries; in the worst ");
    text_printf(out, "%s ", worst_word(results));
    worst_words(results, incident, out);
    if (incident->code_count > 0) text_puts(out, "; ");
    incident_codes(incident, out);
}

/* ---- tables ---- */

static int by_failed(const void *left, const void *right)
{
    const struct run_incident *a = *(const struct run_incident *const *)left;
    const struct run_incident *b = *(const struct run_incident *const *)right;
    if (a->failed != b->failed) return a->failed < b->failed ? 1 : -1;
    return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

static int by_start(const void *left, const void *right)
{
    const struct run_incident *a = *(const struct run_incident *const *)left;
    const struct run_incident *b = *(const struct run_incident *const *)right;
    return a < b ? -1 : a > b;
}

const struct run_incident **incidents_chosen(const struct results *results, size_t room,
                                             size_t *count)
{
    const struct run_incidents *incidents = results->incidents;
    *count = 0;
    if (incidents->count == 0) return NULL;
    const struct run_incident **chosen = calloc(incidents->count, sizeof *chosen);
    if (chosen == NULL) return NULL;
    for (size_t k = 0; k < incidents->count; k++) chosen[k] = &incidents->list[k];
    *count = incidents->count < room ? incidents->count : room;
    qsort(chosen, incidents->count, sizeof *chosen, by_failed);
    qsort(chosen, *count, sizeof *chosen, by_start);
    return chosen;
}

static void incident_row(const struct results *results, const struct run_incident *incident,
                         struct table *table)
{
    incident_when(results, incident, table_cell(table));
    table_next(table);
    incident_length(incident, table_cell(table));
    table_next(table);
    incident_regions(results, incident, table_cell(table));
    table_next(table);
    share_words(incident->failed, incident->attempts, table_cell(table));
    text_puts(table_cell(table), ", ");
    format_percent(table_cell(table), incident->failed / incident->attempts);
    table_next(table);
    format_percent(table_cell(table), incident->share_of_failures);
    table_next(table);
    text_count(table_cell(table), (uint64_t)incident->interactions_failed);
    table_next(table);
    incident_codes(incident, table_cell(table));
    table_next(table);
    worst_words(results, incident, table_cell(table));
    table_next(table);
}

void incidents_table(const struct results *results, struct table *table)
{
    struct text worst = {0};
    size_t count;
    const struct run_incident **chosen = incidents_chosen(results, ROWS_MOST, &count);
    table_column(table, results_zone(results) == NULL ? "when (UTC)" : "when", true);
    table_column(table, "length", false);
    table_column(table, "struck", true);
    table_column(table, "attempts failed", false);
    table_column(table, "of failures that count", false);
    table_column(table, "interactions failed", false);
    table_column(table, "codes", true);
    text_printf(&worst, "worst %s", worst_word(results));
    table_column(table, text_str(&worst), true);
    text_free(&worst);
    for (size_t k = 0; chosen != NULL && k < count; k++) incident_row(results, chosen[k], table);
    free(chosen);
}

void incidents_outside_table(const struct results *results, struct table *table)
{
    const struct run_incidents *incidents = results->incidents;
    table_column(table, "region", true);
    table_column(table, "incidents", false);
    table_column(table, "an hour (95%)", false);
    table_column(table, "failures in them", false);
    table_column(table, "failure rate outside (95%)", false);
    for (size_t r = 0; incidents->searched && r < results->region_count; r++) {
        const struct incident_rates *rates = &incidents->regions[r];
        table_put(table, results->regions[r]);
        text_count(table_cell(table), rates->incidents);
        table_next(table);
        rates->hours > 0 ? format_per_hour(table_cell(table), &rates->per_hour)
                         : text_puts(table_cell(table), "-");
        table_next(table);
        share_words(rates->failed - rates->outside_failed, rates->failed, table_cell(table));
        table_next(table);
        format_estimate(table_cell(table), &rates->outside);
        table_next(table);
    }
}
