#include "figures/model.h"

#include "figures/azure.h"
#include "figures/cells.h"
#include "figures/grouping.h"
#include "figures/splits.h"

#include <string.h>

static const struct report_cell empty_cell;

const struct report_cell *results_region(const struct results *results, size_t region)
{
    const struct grouping *total = &results->groupings[0];
    return total->slice_count == 0 ? &empty_cell : &total->slices[0].cells[region];
}

const struct report_cell *results_part(const struct results *results, bool rest, size_t region)
{
    for (size_t g = 0; results->split != NULL && g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_POOLED || grouping->window != results->split) continue;
        if (grouping->rest == rest && grouping->slice_count > 0)
            return &grouping->slices[0].cells[region];
    }
    return &empty_cell;
}

enum err_code results_read_azure(struct results *results, const struct azure_files *files,
                                 struct error *err)
{
    if (files->health_count + files->metrics_count == 0) return ERR_OK;
    azure_free(results->azure);
    return azure_read(files, results->regions, results->region_count, &results->azure, err);
}

bool results_interval(const struct results *results, int64_t utc_ns, int64_t *start_ns)
{
    if (results->interval_count == 0 || utc_ns < results->interval_starts[0]) return false;
    if (utc_ns >= results->end_ns && results->killed) return false;
    size_t low = 0;
    size_t high = results->interval_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (results->interval_starts[middle] <= utc_ns) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *start_ns = results->interval_starts[low];
    return true;
}

bool results_moment(const struct results *results, int64_t utc_ns, struct moment *out)
{
    if (!results_interval(results, utc_ns, &out->interval_ns)) return false;
    out->part_ns = splits_part_start(results->splits, out->interval_ns, utc_ns);
    return true;
}

static const cJSON *fact(const struct results *results, const char *section, const char *key)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(results->manifest, section);
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *results_fact(const struct results *results, const char *section, const char *key)
{
    const cJSON *item = fact(results, section, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

const cJSON *results_abort_rule(const struct results *results)
{
    const cJSON *rule = cJSON_GetObjectItemCaseSensitive(results->manifest, "abort_rule");
    /* its name in older versions, in which it was a test that could end */
    return rule != NULL ? rule
                        : cJSON_GetObjectItemCaseSensitive(results->manifest, "abort_on_fail");
}

const cJSON *results_holds(const struct results *results)
{
    return cJSON_GetObjectItemCaseSensitive(results->manifest, "holds");
}

bool results_rule_failed(const struct results *results)
{
    const cJSON *rule = results_abort_rule(results);
    const cJSON *region = NULL;
    cJSON_ArrayForEach(region, cJSON_GetObjectItemCaseSensitive(rule, "regions"))
    {
        const char *verdict =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(region, "verdict"));
        if (verdict != NULL && strcmp(verdict, "too_high") == 0) return true;
    }
    return false;
}

double results_fact_number(const struct results *results, const char *section, const char *key)
{
    const cJSON *item = fact(results, section, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

struct clock_resolution results_resolution(const struct results *results)
{
    return clock_resolution_read(fact(results, "run", "resolution_ms"));
}

bool results_simulated(const struct results *results)
{
    return cJSON_IsTrue(fact(results, "run", "simulated"));
}

static const cJSON *region_item(const struct results *results, size_t region, const char *key)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, fact(results, "profile", "regions"))
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
        if (cJSON_IsString(name) && strcmp(name->valuestring, results->regions[region]) == 0)
            return cJSON_GetObjectItemCaseSensitive(item, key);
    }
    return NULL;
}

const char *results_region_fact(const struct results *results, size_t region, const char *key)
{
    const cJSON *value = region_item(results, region, key);
    return cJSON_IsString(value) ? value->valuestring : "";
}

double results_region_quota(const struct results *results, size_t region, const char *key)
{
    const cJSON *value =
        cJSON_GetObjectItemCaseSensitive(region_item(results, region, "quota"), key);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

const char *results_deployment_type(const struct results *results, size_t region)
{
    const char *type = results_region_fact(results, region, "deployment_type");
    return strcmp(type, "unknown") == 0 ? "" : type;
}

enum verdict results_verdict(const struct results *results)
{
    return results->verdict;
}
