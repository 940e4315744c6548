/* Whether two runs asked the same of a service: only then can a difference be attributed to it. */
#include "base/units.h"
#include "compare/model.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Differences that make two runs incomparable. Paths are those of compare_find_changes(); a region
 * that only one run has is not compared at all. */
static const struct {
    const char *path; /* a pattern for fnmatch() */
    const char *what;
} conditions[] = {
    {"run.simulated", "only one of them is simulated"},
    {"run.shard", "they drove different shards of a load"},
    {"profile.regions.*.model", "another model"},
    {"profile.regions.*.dialect", "another dialect"},
    {"profile.regions.*.deployment_type", "another type of deployment"},
    {"profile.regions.*.quota*", "another quota"},
    {"profile.simulator.quota", "another quota"},
    {"profile.load.model", "another load"},
    {"profile.load.routing", "another load"},
    {"profile.session.interactions", "another load"},
    {"profile.session.think_time", "another load"},
    {"profile.session.modality", "another load"},
};

/* The highest target of a profile's stages: a rate per second, or a number of sessions. NaN if
 * there is none. */
static double peak_target(const struct results *results)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(results->manifest, "profile");
    const cJSON *load = cJSON_GetObjectItemCaseSensitive(profile, "load");
    const cJSON *stage;
    double peak = NAN;
    cJSON_ArrayForEach(stage, cJSON_GetObjectItemCaseSensitive(load, "stages"))
    {
        const cJSON *target = cJSON_GetObjectItemCaseSensitive(stage, "target");
        double value = cJSON_GetNumberValue(target);
        struct error ignored = {0};
        if (cJSON_IsString(target) && parse_rate(target->valuestring, &value, &ignored) != ERR_OK)
            continue;
        peak = fmax(peak, value); /* fmax ignores NaN */
    }
    return peak;
}

/* Whether only the deployment was renamed: a profile that names no model uses the deployment's name
 * instead, and another name is not another model. */
static bool is_only_a_name(const struct compared *comparison, const struct compare_change *model)
{
    size_t length = strlen(model->path);
    if (length < 6 || strcmp(model->path + length - 6, ".model") != 0) return false;
    for (size_t k = 0; k < comparison->change_count; k++) {
        const struct compare_change *change = &comparison->changes[k];
        bool same_region = strncmp(change->path, model->path, length - 5) == 0;
        if (same_region && strcmp(change->path + length - 5, "deployment") == 0)
            return strcmp(change->a, model->a) == 0 && strcmp(change->b, model->b) == 0;
    }
    return false;
}

static void add(struct text *why, const char *what, const char *path, const char *a, const char *b)
{
    text_printf(why, "%s%s (%s: %s against %s)", why->length > 0 ? "; " : "", what, path, a, b);
}

static void add_peak(struct text *why, const struct results *a, const struct results *b)
{
    double peaks[] = {peak_target(a), peak_target(b)};
    if (!(fabs(peaks[0] - peaks[1]) > 1e-9 * fmax(peaks[0], peaks[1]))) return;
    char shown[2][32];
    for (size_t i = 0; i < 2; i++) (void)snprintf(shown[i], sizeof shown[i], "%.4g", peaks[i]);
    add(why, "another load", "highest target of profile.load.stages", shown[0], shown[1]);
}

void compare_find_conditions(struct compared *comparison, const struct results *a,
                             const struct results *b)
{
    struct text *why = &comparison->not_comparable;
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        for (size_t k = 0; k < comparison->change_count; k++) {
            const struct compare_change *change = &comparison->changes[k];
            if (fnmatch(conditions[i].path, change->path, 0) == 0 &&
                !is_only_a_name(comparison, change))
                add(why, conditions[i].what, change->path, change->a, change->b);
        }
    }
    add_peak(why, a, b);
    if (!comparison->options.anyway || why->length == 0) return;
    text_printf(&comparison->notes, "Compared all the same, as --anyway asks: %s.\n",
                text_str(why));
    text_clear(why);
}
