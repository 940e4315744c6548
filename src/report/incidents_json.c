#include "base/calendar.h"
#include "base/json.h"
#include "figures/model.h"
#include "report/figures_json.h"
#include "report/incidents_show.h"

#include <math.h>

static void stamp_json(const char *key, int64_t utc_ns, struct text *out)
{
    char stamp[32];
    format_utc_ms(utc_ns, stamp);
    json_put_string(out, key, stamp);
}

static void regions_json(const struct results *results, const struct run_incident *incident,
                         struct text *out)
{
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t s = 0; s < incident->region_count; s++)
        json_string(out, results->regions[incident->regions[s].region]);
    json_close(out, ']');
    json_key(out, "by_region");
    json_open(out, '[');
    for (size_t s = 0; s < incident->region_count; s++) {
        const struct incident_region *region = &incident->regions[s];
        json_open(out, '{');
        json_put_string(out, "name", results->regions[region->region]);
        json_put_number(out, "attempts", region->attempts);
        json_put_number(out, "failed", region->failed);
        json_put_number(out, "interactions_failed", region->interactions_failed);
        json_close(out, '}');
    }
    json_close(out, ']');
}

void incident_json(const struct results *results, const struct run_incident *incident,
                   struct text *out)
{
    json_open(out, '{');
    stamp_json("start", incident->start_ns, out);
    stamp_json("end", incident->end_ns, out);
    json_put_number(out, "recorded_s", (double)incident->seen_ns / 1e9);
    regions_json(results, incident, out);
    json_key(out, "codes");
    json_open(out, '{');
    for (size_t c = 0; c < incident->code_count; c++)
        json_put_count(out, incident->codes[c].code, incident->codes[c].count);
    json_close(out, '}');
    json_put_number(out, "attempts", incident->attempts);
    json_put_number(out, "failed", incident->failed);
    json_put_number(out, "share_of_failures", incident->share_of_failures);
    json_put_number(out, "interactions_failed", incident->interactions_failed);
    json_key(out, "worst_minute");
    json_open(out, '{');
    stamp_json("start", incident->worst_start_ns, out);
    stamp_json("end", incident->worst_end_ns, out);
    json_put_number(out, "attempts", incident->worst_attempts);
    json_put_number(out, "failed", incident->worst_failed);
    json_close(out, '}');
    json_put_number(out, "chance", incident->chance);
    json_close(out, '}');
}

void incidents_json(const struct results *results, struct text *out)
{
    json_open(out, '[');
    for (size_t k = 0; k < results->incidents->count; k++)
        incident_json(results, &results->incidents->list[k], out);
    json_close(out, ']');
}

static void searched_json(const char *key, const struct estimate *estimate, bool searched,
                          struct text *out)
{
    struct estimate known = *estimate;
    known.valid = known.valid && searched;
    figures_estimate_json(key, &known, out);
}

static void rates_json(const struct results *results, size_t region, struct text *out)
{
    const struct run_incidents *incidents = results->incidents;
    const struct incident_rates *rates = &incidents->regions[region];
    json_open(out, '{');
    if (region < results->region_count) json_put_string(out, "name", results->regions[region]);
    json_put_count(out, "incidents", rates->incidents);
    json_put_number(out, "hours", rates->hours);
    json_put_number(out, "unhealthy_hours", rates->unhealthy_hours);
    searched_json("per_hour", &rates->per_hour, incidents->searched, out);
    json_put_number(out, "failed", rates->failed);
    json_put_number(out, "left_out", rates->left_out);
    json_key(out, "outside");
    json_open(out, '{');
    json_put_number(out, "attempts", rates->outside_attempts);
    json_put_number(out, "failed", rates->outside_failed);
    searched_json("failure_rate", &rates->outside, incidents->searched, out);
    json_close(out, '}');
    json_close(out, '}');
}

void incident_search_json(const struct results *results, struct text *out)
{
    const struct run_incidents *incidents = results->incidents;
    json_open(out, '{');
    json_put_bool(out, "searched", incidents->searched);
    json_put_bool(out, "by_chains", incidents->by_onsets);
    json_put_number(out, "false_alarm", INCIDENT_FALSE_ALARM);
    json_key(out, "all");
    rates_json(results, results->region_count, out);
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++) rates_json(results, r, out);
    json_close(out, ']');
    json_close(out, '}');
}
