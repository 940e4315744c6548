#include "profile/profile.h"

#include "base/redact.h"
#include "profile/jsonc.h"
#include "profile/keys.h"
#include "profile/release.h"

#include <stdlib.h>
#include <string.h>

const struct zone *profile_zone(const struct profile *profile)
{
    for (size_t i = 0; i < profile->windows.report_count; i++) {
        if (profile->windows.report[i].zone != NULL) return profile->windows.report[i].zone;
    }
    return NULL;
}

int64_t load_duration_ns(const struct load *load)
{
    int64_t total = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        if (load->stages[i].duration_ns > INT64_MAX - total) return INT64_MAX;
        total += load->stages[i].duration_ns;
    }
    return total;
}

bool price_fits_better(const char *name, const char *model, const char *best)
{
    const size_t length = strlen(name);
    if (strncmp(name, model, length) != 0) return false;
    return best == NULL || length > strlen(best);
}

const struct price *prices_find(const struct prices *prices, const char *model)
{
    const struct price *best = NULL;
    for (size_t i = 0; i < prices->count; i++) {
        const struct price *price = &prices->models[i];
        if (price_fits_better(price->model, model, best == NULL ? NULL : best->model)) best = price;
    }
    return best;
}

bool profile_simulate_only(const struct profile *profile)
{
    const struct simulator_plan *plan = &profile->simulator;
    return plan->clock_speed != 1 || plan->clock_start_ns != INT64_MIN;
}

void profile_free(struct profile *profile)
{
    if (profile == NULL) return;
    redact_index_free(profile->session.said);
    release_object(&key_profile, profile);
    json_free(profile->source);
    free(profile->file);
    free(profile->json);
    free(profile);
}
