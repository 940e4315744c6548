#include "base/units.h"
#include "figures/incidents.h"
#include "figures/load_private.h"
#include "realtime/failure.h"

#include <stdlib.h>

/* A code missing from the failure table comes from a foreign file and may be the service's. */
static enum domain domain_of(const char *code)
{
    const struct failure_class *known = failure_class_of(code);
    return known == NULL ? DOMAIN_SERVICE : known->domain;
}

bool load_attempt_failure(struct loader *loader, size_t region, const struct attempt_row *row,
                          uint64_t chain)
{
    return timeline_add_failure(&loader->gather, region, row->end_utc_ns, row->code,
                                domain_of(row->code), chain);
}

bool load_failure_line(struct loader *loader, size_t region, int64_t utc_ns,
                       const struct tally *failure)
{
    if (failure->domain == DOMAIN_NONE) return true; /* an end that is no failure */
    return timeline_add_failure(&loader->gather, region, utc_ns, failure->code, failure->domain, 0);
}

static double target_of(const cJSON *item)
{
    double rate;
    if (cJSON_IsNumber(item)) return item->valuedouble;
    if (cJSON_IsString(item) && parse_rate(item->valuestring, &rate, NULL) == ERR_OK) return rate;
    return 0;
}

/* The asked load by the manifest's profile; the caller's (free). NULL without memory. */
static struct timeline_stage *stages_of(const struct results *results, size_t *count)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(results->manifest, "profile");
    const cJSON *load = cJSON_GetObjectItemCaseSensitive(profile, "load");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(load, "stages");
    int size = cJSON_GetArraySize(list);
    struct timeline_stage *stages = calloc((size_t)size + 1, sizeof *stages);
    const cJSON *item;
    *count = 0;
    if (stages == NULL) return NULL;
    cJSON_ArrayForEach(item, list)
    {
        const char *duration =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "duration"));
        struct timeline_stage *stage = &stages[(*count)++];
        stage->target = target_of(cJSON_GetObjectItemCaseSensitive(item, "target"));
        if (duration == NULL || parse_duration(duration, &stage->duration_ns, NULL) != ERR_OK)
            stage->duration_ns = 0;
    }
    return stages;
}

bool load_incidents(struct loader *loader)
{
    struct results *results = loader->results;
    size_t count;
    struct timeline_stage *stages = stages_of(results, &count);
    results->timeline = calloc(1, sizeof *results->timeline);
    results->incidents = calloc(1, sizeof *results->incidents);
    bool ok =
        stages != NULL && results->timeline != NULL && results->incidents != NULL &&
        timeline_build(&loader->gather, results->region_count, stages, count, results->timeline) &&
        run_incidents_find(results->timeline, results->incidents);
    free(stages);
    if (ok) timeline_drop_failures(results->timeline);
    timeline_gather_free(&loader->gather);
    return ok;
}
