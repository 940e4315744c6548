#include "record/clock_limits.h"

#include "base/clock.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

#define GROUP "timeouts."

/* "timeouts.resolve 5s, connect 10s last 25m", as far as they last the same; returns the next one's
 * index. */
static size_t add_alike(const struct clock_limits *limits, size_t first, struct text *out)
{
    const struct clock_limit *list = limits->list;
    size_t i = first;
    for (; i < limits->count && list[i].lasts_ns == list[first].lasts_ns; i++) {
        const bool grouped = i > first && strncmp(list[i].key, GROUP, strlen(GROUP)) == 0;
        text_printf(out, "%s%s ", i > first ? ", " : "",
                    list[i].key + (grouped ? strlen(GROUP) : 0));
        text_duration(out, list[i].asked_ns);
    }
    text_puts(out, i > first + 1 ? " last " : " lasts ");
    text_duration(out, list[first].lasts_ns);
    return i;
}

void clock_limits_words(const struct clock_limits *limits, double speed, struct text *out)
{
    if (limits->count == 0) return;
    text_printf(out, "At clock.speed %g ", speed);
    for (size_t i = 0; i < limits->count;) {
        if (i > 0) text_puts(out, "; ");
        i = add_alike(limits, i, out);
    }
    text_puts(out, ": scaled, they would be shorter than what a busy machine takes for a step, and "
                   "its own slowness would be told as the service's. What runs into one of them "
                   "is judged as if it had lasted what the profile says.");
}

cJSON *clock_limits_json(const struct clock_limits *limits)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < limits->count && list != NULL; i++) {
        const struct clock_limit *limit = &limits->list[i];
        cJSON *item = cJSON_CreateObject();
        const bool whole =
            cJSON_AddStringToObject(item, "key", limit->key) != NULL &&
            cJSON_AddNumberToObject(item, "profile_s",
                                    (double)limit->asked_ns / (double)NS_PER_S) != NULL &&
            cJSON_AddNumberToObject(item, "lasts_s", (double)limit->lasts_ns / (double)NS_PER_S) !=
                NULL;
        if (whole && cJSON_AddItemToArray(list, item)) continue;
        cJSON_Delete(item);
        cJSON_Delete(list);
        list = NULL;
    }
    return list;
}

static bool read_limit(const cJSON *json, struct clock_limit *out)
{
    const char *key = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "key"));
    const double asked_s =
        cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "profile_s"));
    const double lasts_s = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "lasts_s"));
    if (key == NULL || !(asked_s >= 0 && asked_s < 1e9) || !(lasts_s >= 0 && lasts_s < 1e9))
        return false;
    (void)snprintf(out->key, sizeof out->key, "%s", key);
    out->asked_ns = (int64_t)(asked_s * (double)NS_PER_S);
    out->lasts_ns = (int64_t)(lasts_s * (double)NS_PER_S);
    return true;
}

void clock_limits_read(const cJSON *json, struct clock_limits *out)
{
    const cJSON *item;
    *out = (struct clock_limits){0};
    cJSON_ArrayForEach(item, json)
    {
        if (out->count < CLOCK_LIMITS_MOST && read_limit(item, &out->list[out->count]))
            out->count++;
    }
}

int64_t clock_resolved_low(int64_t us, int64_t least_us)
{
    return us > least_us ? us - least_us : 0;
}

cJSON *clock_resolution_json(const struct clock_resolution *resolution)
{
    cJSON *json = cJSON_CreateObject();
    if (cJSON_AddNumberToObject(json, "median", (double)resolution->median_us / 1e3) != NULL &&
        cJSON_AddNumberToObject(json, "tail", (double)resolution->tail_us / 1e3) != NULL)
        return json;
    cJSON_Delete(json);
    return NULL;
}

struct clock_resolution clock_resolution_read(const cJSON *json)
{
    const double median_ms = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "median"));
    const double tail_ms = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "tail"));
    if (!(median_ms >= 0 && median_ms < 1e12) || !(tail_ms >= 0 && tail_ms < 1e12))
        return (struct clock_resolution){0};
    return (struct clock_resolution){.median_us = (int64_t)(median_ms * 1e3),
                                     .tail_us = (int64_t)(tail_ms * 1e3)};
}
