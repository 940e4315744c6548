/* What a target would take of each region's quota, for the form that asks for more of it. */
#include "run/capacity_private.h"
#include "run/forecast.h"

#include "base/digits.h"
#include "realtime/token_count.h"

#include <math.h>

#define LENGTH_LEAST_S 600.0

struct need {
    double rpm, tpm; /* of the target, as the service counts them */
    double rpm_now,
        tpm_now;         /* of the quota: as told, else the profile's or the tier's; 0: unknown */
    bool shown, refuted; /* proven good at it or above, or bad at it or below */
};

/* False without memory. */
static bool need_of(const struct capacity *capacity, const struct capacity_region *region,
                    struct need *need)
{
    const double level = capacity->options->target.target;
    const double length_s = LENGTH_LEAST_S + 2 * region->stay_s;
    struct profile *profile = NULL;
    struct error err = {0};
    if (capacity_profile(capacity, region->name, level, (int64_t)(length_s * (double)NS_PER_S),
                         &profile, &err) != ERR_OK)
        return false;
    const struct terms terms = terms_of(profile, &profile->regions[0]);
    const struct forecast use = forecast_region(profile, 0, capacity->seed);
    const struct limiter_facts *told = &region->facts;
    *need = (struct need){
        .rpm = ceil(use.rpm),
        .tpm = ceil(use.tpm),
        .rpm_now = told->rpm_limit > 0 ? told->rpm_limit : (double)terms.rpm,
        .tpm_now = told->tpm_limit > 0 ? told->tpm_limit : (double)terms.tpm,
        .shown = region->search.proven >= level,
        .refuted = region->search.refuted <= level,
    };
    profile_free(profile);
    return true;
}

static void put_amount(const char *name, double wanted, double now, struct text *out)
{
    text_printf(out, "%s ", name);
    text_count(out, (uint64_t)wanted);
    if (!(now > 0)) {
        text_puts(out, " (now: not known)");
        return;
    }
    text_puts(out, " (now ");
    text_count(out, (uint64_t)now);
    text_puts(out, wanted > now ? ")" : ", enough)");
}

/* What was measured, as far as it says anything of the target. */
static void put_measured(const struct capacity_region *region, const struct need *need,
                         struct text *out)
{
    const enum limiter limiter = region->limiter;
    const bool of_quota = limiter == LIMITER_QUOTA_RPM || limiter == LIMITER_QUOTA_TPM;
    if (need->shown) {
        text_puts(out, "measured: it meets the objectives already");
        return;
    }
    text_puts(out, need->refuted ? "measured: it does not meet the objectives now"
                                 : "not measured at this level");
    if (limiter == LIMITER_NONE || limiter == LIMITER_BUDGET) return;
    text_printf(out, "; what limited it was %s", limiter_name(limiter));
    if (!of_quota) text_puts(out, ", which more RPM or TPM need not cure");
}

void capacity_target_text(const struct capacity *capacity, struct text *out)
{
    if (!capacity->options->target.asked) return;
    text_puts(out, "\nQuota request for ");
    capacity_level(capacity->model, capacity->options->target.target, out);
    text_printf(out,
                " in each region, without retries (six times the busiest %d s; tokens count as "
                "input plus max_output_tokens):\n",
                TOKEN_COUNT_SLICE_SECONDS);
    for (size_t i = 0; i < capacity->region_count; i++) {
        struct need need;
        if (!need_of(capacity, &capacity->regions[i], &need)) {
            out->failed = true;
            return;
        }
        text_printf(out, "  %s: ", capacity->regions[i].name);
        put_amount("RPM", need.rpm, need.rpm_now, out);
        text_puts(out, ", ");
        put_amount("TPM", need.tpm, need.tpm_now, out);
        text_puts(out, "; ");
        put_measured(&capacity->regions[i], &need, out);
        text_puts(out, "\n");
    }
}

static void add_known(cJSON *object, const char *key, double value)
{
    if (value > 0)
        (void)cJSON_AddNumberToObject(object, key, value);
    else
        (void)cJSON_AddNullToObject(object, key);
}

void capacity_target_json(const struct capacity *capacity, cJSON *root)
{
    if (!capacity->options->target.asked) return;
    const double level = capacity->options->target.target;
    const bool sessions = capacity->model == LOAD_SESSIONS;
    cJSON *target = cJSON_AddObjectToObject(root, "target");
    (void)cJSON_AddNumberToObject(target, "level", sessions ? level : 60 * level);
    (void)cJSON_AddStringToObject(target, "unit", sessions ? "sessions" : "arrivals_per_minute");
    cJSON *regions = cJSON_AddArrayToObject(target, "regions");
    for (size_t i = 0; i < capacity->region_count; i++) {
        struct need need;
        cJSON *region = cJSON_CreateObject();
        (void)cJSON_AddItemToArray(regions, region);
        (void)cJSON_AddStringToObject(region, "name", capacity->regions[i].name);
        if (!need_of(capacity, &capacity->regions[i], &need)) continue;
        (void)cJSON_AddNumberToObject(region, "rpm", need.rpm);
        (void)cJSON_AddNumberToObject(region, "tpm", need.tpm);
        add_known(region, "rpm_now", need.rpm_now);
        add_known(region, "tpm_now", need.tpm_now);
        (void)cJSON_AddStringToObject(region, "measured",
                                      need.shown     ? "meets"
                                      : need.refuted ? "does_not"
                                                     : "not_measured");
    }
}
