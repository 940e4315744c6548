#include "report/report.h"

#include "base/calendar.h"
#include "base/json.h"
#include "figures/grouping.h"
#include "figures/model.h"
#include "figures/patterns.h"
#include "record/manifest_print.h"
#include "report/ages_json.h"
#include "report/figures_json.h"
#include "report/incidents_show.h"
#include "report/patterns_show.h"
#include "report/thresholds_json.h"

#include <stdlib.h>

typedef void json_part(const struct results *results, struct text *out);

static bool replace(cJSON *manifest, const char *key, cJSON *value)
{
    if (value == NULL) return false;
    cJSON_DeleteItemFromObjectCaseSensitive(manifest, key);
    if (cJSON_AddItemToObject(manifest, key, value)) return true;
    cJSON_Delete(value);
    return false;
}

static bool replace_part(const struct results *results, cJSON *manifest, const char *key,
                         json_part *write)
{
    struct text json = {0};
    write(results, &json);
    cJSON *value = json.failed ? NULL : cJSON_ParseWithLength(text_str(&json), json.length);
    text_free(&json);
    return replace(manifest, key, value);
}

enum err_code results_complete_manifest(const struct results *results, cJSON *manifest,
                                        struct error *err)
{
    bool ok = replace_part(results, manifest, "totals", figures_totals_json) &&
              replace_part(results, manifest, "regions", figures_regions_json) &&
              replace_part(results, manifest, "incidents", incidents_json) &&
              replace_part(results, manifest, "thresholds", thresholds_json) &&
              replace(manifest, "verdict", cJSON_CreateString(verdict_name(results->verdict))) &&
              replace_part(results, manifest, "generator", figures_generator_json);
    return ok ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for the totals of run.json");
}

static void window_json(const struct results *results, const struct grouping *grouping,
                        const struct slice *slice, struct text *out)
{
    char stamp[32];
    json_open(out, '{');
    json_put_string(out, "name", grouping_name(grouping));
    format_utc_ms(slice->start_ns, stamp);
    json_put_string(out, "start", stamp);
    format_utc_ms(slice->end_ns, stamp);
    json_put_string(out, "end", stamp);
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++) {
        const struct claim_of of = claim_of_slice(results, grouping, slice, r);
        figures_cell_json(&of, out);
    }
    json_close(out, ']');
    json_close(out, '}');
}

static void windows_json(const struct results *results, struct text *out)
{
    json_open(out, '[');
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        for (size_t i = 0; grouping->shown && i < grouping->slice_count; i++) {
            window_json(results, grouping, &grouping->slices[i], out);
        }
    }
    json_close(out, ']');
}

static void manifest_part(const struct results *results, const char *key, struct text *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(results->manifest, key);
    char *json = item == NULL ? NULL : manifest_print(item, false);
    json_key(out, key);
    text_puts(out, json == NULL ? "null" : json);
    cJSON_free(json);
}

static void definitions_json(struct text *out)
{
    json_open(out, '{');
    for (int m = 0; m < METRIC_COUNT; m++) {
        json_put_string(out, metric_name((enum metric)m), metric_meaning((enum metric)m));
    }
    json_close(out, '}');
}

void results_json(const struct results *results, struct text *out)
{
    json_open(out, '{');
    manifest_part(results, "run", out);
    json_key(out, "windows");
    windows_json(results, out);
    json_key(out, "totals");
    figures_totals_json(results, out);
    json_key(out, "regions");
    figures_regions_json(results, out);
    json_key(out, "incidents");
    incidents_json(results, out);
    json_key(out, "incident_search");
    incident_search_json(results, out);
    manifest_part(results, "holds", out);
    json_key(out, "patterns");
    patterns_json(results, out);
    json_key(out, "ages");
    ages_json(results, out);
    json_key(out, "thresholds");
    thresholds_json(results, out);
    json_put_string(out, "verdict", verdict_name(results->verdict));
    json_key(out, "generator");
    figures_generator_json(results, out);
    json_put_lines(out, "notes", text_str(&results->notes));
    json_key(out, "definitions");
    definitions_json(out);
    json_close(out, '}');
    text_puts(out, "\n");
}
