#include "report/thresholds_json.h"

#include "base/calendar.h"
#include "base/json.h"
#include "figures/claim.h"
#include "report/figures_json.h"

static void judged_number(const struct judged *judged, const char *key, double value,
                          struct text *out)
{
    json_key(out, key);
    if (!judged->of.observed_known) {
        json_null(out);
    } else {
        json_number(out, judged->quantile ? value / 1e3 : value);
    }
}

/* The interval for the service: of the share, or for a quantile of the share above the limit. */
static void judged_service(const struct judgement *j, struct text *out)
{
    const struct service_rate *rate = &j->service;
    bool known = j->observed_known && !j->about_run && rate->dependence.why == DEPENDENCE_KNOWN;
    json_put_string(out, "about", j->about_run ? "run" : "service");
    json_key(out, "service");
    json_open(out, '{');
    json_key(out, "value");
    known ? json_number(out, rate->estimate.value) : json_null(out);
    figures_service_bounds_json(rate, known, out);
    json_close(out, '}');
    json_put_string(out, "why", j->why);
}

static void judged_json(const struct results *results, const struct judged *judged,
                        struct text *out)
{
    const struct judgement *j = &judged->of;
    bool needed = j->needed_known && j->verdict == VERDICT_INCONCLUSIVE;
    json_open(out, '{');
    json_put_string(out, "expression", judged->expression);
    json_put_string(out, "verdict", verdict_name(j->verdict));
    judged_number(judged, "observed", j->observed, out);
    judged_number(judged, "low", j->low, out);
    judged_number(judged, "high", j->high, out);
    json_put_string(out, "unit", judged->quantile ? "ms" : "fraction");
    judged_service(j, out);
    json_key(out, "needed");
    needed ? json_number(out, j->needed) : json_null(out);
    json_key(out, "needed_hours");
    needed ? json_number(out, j->needed_hours) : json_null(out);
    json_key(out, "region");
    judged->cells > 0 ? json_string(out, results->regions[judged->region]) : json_null(out);
    if (judged->end_ns != 0) {
        char stamp[32];
        format_utc_ms(judged->start_ns, stamp);
        json_put_string(out, "start", stamp);
        format_utc_ms(judged->end_ns, stamp);
        json_put_string(out, "end", stamp);
    }
    json_put_count(out, "cells", judged->cells);
    json_close(out, '}');
}

void thresholds_json(const struct results *results, struct text *out)
{
    json_open(out, '[');
    for (size_t i = 0; i < results->judged_count; i++)
        judged_json(results, &results->judged[i], out);
    json_close(out, ']');
}
