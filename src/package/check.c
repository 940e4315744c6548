/* The preflight check's result, as printed by `rushhour check --json`, and a version for people. */
#include "package/parts.h"

#include <stdlib.h>
#include <string.h>

static const char *string_at(const cJSON *object, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return value == NULL ? "" : value;
}

static const cJSON *regions_of(const struct package *package)
{
    return cJSON_GetObjectItemCaseSensitive(package->check, "regions");
}

static const cJSON *region_of(const struct package *package, const char *region)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, regions_of(package))
    {
        if (strcmp(string_at(entry, "name"), region) == 0) return entry;
    }
    return NULL;
}

const char *package_check_step(const struct package *package, const char *region, const char *step)
{
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(region_of(package, region), "steps");
    const cJSON *item;
    cJSON_ArrayForEach(item, steps)
    {
        if (strcmp(string_at(item, "step"), step) == 0) return string_at(item, "status");
    }
    return "";
}

bool package_check_skew(const struct package *package, const char *region, double *skew_ms)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(region_of(package, region), "skew_ms");
    *skew_ms = cJSON_IsNumber(item) ? item->valuedouble : 0;
    return cJSON_IsNumber(item);
}

void package_check_json(const struct package *package, struct text *out)
{
    cJSON *copy = cJSON_Duplicate(package->check, true);
    cJSON *whole = cJSON_CreateObject();
    if (results_simulated(package->results) && whole != NULL)
        (void)cJSON_AddStringToObject(whole, "notice", "SIMULATED: the run was a rehearsal");
    while (copy != NULL && copy->child != NULL) {
        cJSON *item = cJSON_DetachItemViaPointer(copy, copy->child);
        if (!cJSON_AddItemToObject(whole, item->string, item)) {
            cJSON_Delete(item);
            out->failed = true;
        }
    }
    char *printed = whole == NULL || copy == NULL ? NULL : cJSON_PrintUnformatted(whole);
    if (printed == NULL) out->failed = true;
    if (printed != NULL) text_printf(out, "%s\n", printed);
    cJSON_free(printed);
    cJSON_Delete(copy);
    cJSON_Delete(whole);
}

static void step_row(struct table *table, const char *region, const cJSON *step)
{
    const cJSON *ms = cJSON_GetObjectItemCaseSensitive(step, "ms");
    table_put(table, region);
    table_put(table, string_at(step, "step"));
    table_put(table, string_at(step, "status"));
    if (cJSON_IsNumber(ms)) {
        text_printf(table_cell(table), "%.1f", ms->valuedouble);
    } else {
        text_puts(table_cell(table), "-");
    }
    table_next(table);
    table_put(table, string_at(step, "seen"));
    table_put(table, string_at(step, "cause"));
    table_put(table, string_at(step, "fix"));
}

void package_check_markdown(const struct package *package, struct text *out)
{
    struct table table = {0};
    const cJSON *region;
    text_puts(out, package_simulated(package));
    text_puts(out, "# Preflight of the regions\n\nResult of `rushhour check`, run before or after "
                   "the load and "
                   "attached by us; each layer on its own, never ICMP.\n\n");
    static const char *const headings[] = {"region", "step",  "status", "ms",
                                           "seen",   "cause", "fix"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(&table, headings[i], i != 3);
    cJSON_ArrayForEach(region, regions_of(package))
    {
        const cJSON *step;
        cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(region, "steps"))
        {
            step_row(&table, string_at(region, "name"), step);
        }
    }
    table_markdown(&table, out);
    table_free(&table);
}
