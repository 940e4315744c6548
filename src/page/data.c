#include "page/data.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/json.h"
#include "figures/azure.h"
#include "figures/cells.h"
#include "figures/grouping.h"
#include "figures/incidents.h"
#include "figures/retries.h"
#include "report/ages_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_STEPS_PER_DECADE 16

/* Five digits are more than a chart can show. */
static void short_number(struct text *out, double value)
{
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%.5g", value);
    json_number(out, strtod(digits, NULL));
}

enum series_field {
    SERIES_ATTEMPTS,
    SERIES_FAILED,
    SERIES_RATE,
    SERIES_LOW,
    SERIES_HIGH,
    SERIES_P50,
    SERIES_TAIL,
    SERIES_N,
    SERIES_OPEN,
    SERIES_FLIGHT,
    SERIES_ARRIVALS,
    SERIES_AMPLIFICATION
};

/* Per minute of the run's clock; NAN where the load has none (load model `sessions`). */
static double arrivals_of(const struct report_cell *cell)
{
    const uint64_t arrivals = cell->cell.counters.requested_sessions;
    if (arrivals == 0 || cell->covered_ns <= 0) return NAN;
    return (double)arrivals * 60 * (double)NS_PER_S / (double)cell->covered_ns;
}

static void series_value(const struct report_cell *cell, enum series_field field, struct text *out)
{
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    const struct latency_figures *ttft = &cell->latency[METRIC_TTFT];
    double value = NAN;
    switch (field) {
    case SERIES_ATTEMPTS:
        value = (double)report_cell_attempts(cell);
        break;
    case SERIES_FAILED:
        value = (double)cell->cell.counters.attempts_failed;
        break;
    case SERIES_RATE:
        value = rate.estimate.valid ? rate.estimate.value : NAN;
        break;
    case SERIES_LOW:
        value = rate.estimate.valid ? rate.estimate.low : NAN;
        break;
    case SERIES_HIGH:
        value = rate.estimate.valid ? rate.estimate.high : NAN;
        break;
    case SERIES_P50:
        value = ttft->count > 0 ? (double)ttft->p50 / 1e3 : NAN;
        break;
    /* Too few values for a P99: the slowest one is used instead, and the script marks it. */
    case SERIES_TAIL:
        if (ttft->count > 0)
            value = (double)(ttft->count >= P99_MIN_SAMPLES ? ttft->p99 : ttft->max) / 1e3;
        break;
    case SERIES_N:
        value = (double)ttft->count;
        break;
    case SERIES_OPEN:
        value = concurrency_mean(&cell->cell.concurrency, LEVEL_OPEN);
        break;
    case SERIES_FLIGHT:
        value = concurrency_mean(&cell->cell.concurrency, LEVEL_FLIGHT);
        break;
    case SERIES_ARRIVALS:
        value = arrivals_of(cell);
        break;
    case SERIES_AMPLIFICATION:
        value = retry_figures_of(cell).attempts_per_interaction;
        break;
    }
    if (isnan(value)) {
        json_null(out);
    } else if (field == SERIES_ATTEMPTS || field == SERIES_FAILED || field == SERIES_N) {
        json_whole(out, (uint64_t)value);
    } else {
        short_number(out, value);
    }
}

static void series_region(const struct grouping *series, size_t region, struct text *out)
{
    static const char *const keys[] = {"attempts", "failed", "rate",     "low",
                                       "high",     "p50",    "tail",     "n",
                                       "open",     "flight", "arrivals", "amplification"};
    json_open(out, '{');
    for (int field = SERIES_ATTEMPTS; field <= SERIES_AMPLIFICATION; field++) {
        json_key(out, keys[field]);
        json_open(out, '[');
        for (size_t i = 0; i < series->slice_count; i++) {
            series_value(&series->slices[i].cells[region], (enum series_field)field, out);
        }
        json_close(out, ']');
    }
    json_key(out, "valid");
    json_open(out, '[');
    for (size_t i = 0; i < series->slice_count; i++)
        json_whole(out, report_cell_valid(&series->slices[i].cells[region]));
    json_close(out, ']');
    json_close(out, '}');
}

static void series_json(const struct results *results, struct text *out)
{
    const struct grouping *series = &results->groupings[1];
    json_open(out, '{');
    json_put_number(out, "step_ms", (double)series->step_ns / 1e6);
    json_key(out, "start_ms");
    json_open(out, '[');
    for (size_t i = 0; i < series->slice_count; i++) {
        json_whole(out, (uint64_t)(series->slices[i].start_ns / NS_PER_MS));
    }
    json_close(out, ']');
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++) series_region(series, r, out);
    json_close(out, ']');
    json_close(out, '}');
}

static void curve_point(struct text *out, double x, int64_t us)
{
    json_open(out, '[');
    short_number(out, x);
    short_number(out, (double)us / 1e3);
    json_close(out, ']');
}

/* Points of 1/(1-p), evenly spaced on a log scale, as far as the sample reaches; the last is the
 * maximum. */
static void curve(const struct histogram *h, struct text *out)
{
    json_open(out, '[');
    for (int i = 0; h != NULL && h->total > 0; i++) {
        double x = pow(10, (double)i / CURVE_STEPS_PER_DECADE);
        if (x >= (double)h->total) {
            curve_point(out, (double)h->total, histogram_max(h));
            break;
        }
        curve_point(out, x, histogram_percentile(h, 100 * (1 - 1 / x)));
    }
    json_close(out, ']');
}

static void curves_json(const struct results *results, struct text *out)
{
    static const enum metric metrics[] = {METRIC_TTFT, METRIC_RESPONSE};
    json_open(out, '{');
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        json_key(out, metric_name(metrics[m]));
        json_open(out, '[');
        for (size_t r = 0; r < results->region_count; r++) {
            curve(results_region(results, r)->cell.latency[metrics[m]], out);
        }
        json_close(out, ']');
    }
    json_close(out, '}');
}

#define CODES_SHOWN 7

static uint64_t count_of(const struct report_cell *cell, const char *code)
{
    uint64_t count = 0;
    for (size_t i = 0; i < cell->cell.tally_count; i++) {
        const struct tally *tally = &cell->cell.tallies[i];
        if (tally->domain != DOMAIN_NONE && strcmp(tally->code, code) == 0) count += tally->count;
    }
    return count;
}

static uint64_t count_all(const struct report_cell *cell)
{
    uint64_t count = 0;
    for (size_t i = 0; i < cell->cell.tally_count; i++) {
        if (cell->cell.tallies[i].domain != DOMAIN_NONE) count += cell->cell.tallies[i].count;
    }
    return count;
}

/* The count of a code in every step of the series; for NULL, of all codes not in `shown`. */
static void code_steps(const struct grouping *series, size_t region, const char *code,
                       const struct tally *shown, size_t shown_count, struct text *out)
{
    json_open(out, '[');
    for (size_t i = 0; i < series->slice_count; i++) {
        const struct report_cell *cell = &series->slices[i].cells[region];
        uint64_t count = code != NULL ? count_of(cell, code) : count_all(cell);
        for (size_t k = 0; code == NULL && k < shown_count; k++)
            count -= count_of(cell, shown[k].code);
        json_whole(out, count);
    }
    json_close(out, ']');
}

static void code_json(const struct results *results, const char *code, const struct tally *shown,
                      size_t shown_count, struct text *out)
{
    json_open(out, '{');
    json_put_string(out, "code", code == NULL ? "all others" : code);
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++)
        code_steps(&results->groupings[1], r, code, shown, shown_count, out);
    json_close(out, ']');
    json_close(out, '}');
}

/* Failures by code over time, the most frequent codes first; a code seen in two phases counts as
 * one. */
static void codes_json(const struct results *results, struct text *out)
{
    struct tally *tallies;
    size_t count = report_cell_codes(&results->all, &tallies);
    size_t shown = count > CODES_SHOWN + 1 ? CODES_SHOWN : count;
    json_open(out, '[');
    for (size_t i = 0; i < shown; i++) code_json(results, tallies[i].code, tallies, shown, out);
    if (shown < count) code_json(results, NULL, tallies, shown, out);
    json_close(out, ']');
    free(tallies);
}

/* Azure's advisories that overlap with the run, for the charts over time. */
static void health_json(const struct results *results, struct text *out)
{
    const struct azure *azure = results->azure;
    json_open(out, '[');
    for (size_t i = 0; azure != NULL && i < azure->event_count; i++) {
        const struct azure_event *event = &azure->events[i];
        if (azure_overlap(event, results->start_ns, results->end_ns) <= 0) continue;
        int64_t start_ns =
            event->start_ns > results->start_ns ? event->start_ns : results->start_ns;
        int64_t end_ns = event->end_ns < results->end_ns ? event->end_ns : results->end_ns;
        json_open(out, '{');
        json_put_string(out, "title", event->title);
        json_put_count(out, "start_ms", (uint64_t)(start_ns / NS_PER_MS));
        json_put_count(out, "end_ms", (uint64_t)(end_ns / NS_PER_MS));
        json_key(out, "regions");
        json_open(out, '[');
        for (size_t r = 0; r < results->region_count; r++) json_whole(out, event->region == r);
        json_close(out, ']');
        json_close(out, '}');
    }
    json_close(out, ']');
}

/* Incidents, as the charts over time mark them. */
static void incidents_marks_json(const struct results *results, struct text *out)
{
    const struct run_incidents *incidents = results->incidents;
    json_open(out, '[');
    for (size_t k = 0; k < incidents->count; k++) {
        const struct run_incident *incident = &incidents->list[k];
        json_open(out, '{');
        json_put_count(out, "start_ms", (uint64_t)(incident->start_ns / NS_PER_MS));
        json_put_count(out, "end_ms", (uint64_t)(incident->end_ns / NS_PER_MS));
        json_key(out, "regions");
        json_open(out, '[');
        for (size_t r = 0; r < results->region_count; r++)
            json_whole(out, run_incident_struck(incident, r));
        json_close(out, ']');
        json_close(out, '}');
    }
    json_close(out, ']');
}

/* When regions were held back, for the charts over time. */
static void holds_json(const struct results *results, struct text *out)
{
    const cJSON *hold = NULL;
    json_open(out, '[');
    cJSON_ArrayForEach(hold, results_holds(results))
    {
        static const char *const keys[] = {"region", "code"};
        int64_t ns[2];
        const char *from = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hold, "from"));
        const char *until = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hold, "until"));
        if (from == NULL || until == NULL || parse_time(from, &ns[0], NULL) != ERR_OK ||
            parse_time(until, &ns[1], NULL) != ERR_OK)
            continue;
        json_open(out, '{');
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            const char *word =
                cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hold, keys[i]));
            json_put_string(out, keys[i], word == NULL ? "" : word);
        }
        json_put_count(out, "start_ms", (uint64_t)(ns[0] / NS_PER_MS));
        json_put_count(out, "end_ms", (uint64_t)(ns[1] / NS_PER_MS));
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void escape_for_script(struct text *out, const char *json, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const char *s = json + i;
        if (*s == '<' || *s == '>' || *s == '&') {
            text_printf(out, "\\u%04x", (unsigned)(unsigned char)*s);
        } else if (length - i >= 3 && memcmp(s, "\xE2\x80", 2) == 0 &&
                   (s[2] == '\xA8' || s[2] == '\xA9')) {
            text_puts(out, s[2] == '\xA8' ? "\\u2028" : "\\u2029");
            i += 2;
        } else {
            text_append(out, s, 1);
        }
    }
}

void page_data(const struct results *results, struct text *out)
{
    struct text json = {0};
    json_open(&json, '{');
    json_key(&json, "regions");
    json_open(&json, '[');
    for (size_t r = 0; r < results->region_count; r++) json_string(&json, results->regions[r]);
    json_close(&json, ']');
    const struct zone *zone = results_zone(results);
    json_put_string(&json, "zone", zone == NULL ? "UTC" : zone_name(zone));
    json_put_count(&json, "tail_min", P99_MIN_SAMPLES);
    json_key(&json, "series");
    series_json(results, &json);
    json_key(&json, "curves");
    curves_json(results, &json);
    json_key(&json, "codes");
    codes_json(results, &json);
    json_key(&json, "health");
    health_json(results, &json);
    json_key(&json, "incidents");
    incidents_marks_json(results, &json);
    json_key(&json, "holds");
    holds_json(results, &json);
    json_key(&json, "ages");
    ages_json(results, &json);
    json_close(&json, '}');
    if (json.failed) out->failed = true;
    escape_for_script(out, text_str(&json), json.length);
    text_free(&json);
}
