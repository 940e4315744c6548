/* What a load will do and cost according to the profile alone: the estimate of `run --dry-run` and
 * `plan`. */
#ifndef RUSHHOUR_RUN_FORECAST_H
#define RUSHHOUR_RUN_FORECAST_H

#include "base/text.h"
#include "profile/profile.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Tokens and time of a text turn, assumed until something was measured (failure-rate runs use short
 * prompts). */
#define ASSUMED_INPUT_TOKENS 200.0
#define ASSUMED_OUTPUT_TOKENS 50.0
#define ASSUMED_ATTEMPT_SECONDS 1.0

struct forecast {
    double sessions, attempts, tokens, low_usd, likely_usd, high_usd, rpm, tpm;
    double peak_rpm, peak_tpm; /* at the highest stage; of one region */
    bool unpriced;             /* no price of the model is known: the cost is unknown, not zero */
    bool listed; /* the cost goes by public list prices (run/terms.h), at least in part */
};

/* One region under the whole load. */
struct forecast forecast_region(const struct profile *profile, const struct region *region);
void forecast_add(struct forecast *into, const struct forecast *from);

/* Adds the contract's keys to an object. */
void forecast_json(cJSON *object, const struct forecast *forecast);

/* A JSON object with `regions` and `totals`, to be completed and freed by the caller
 * (cJSON_Delete); NULL when out of memory. */
cJSON *forecast_profile_json(const struct profile *profile);

/*
 * Appends a sentence if more than half of load.connect_rate is taken by the sessions that arrive at
 * the highest stage (closed loads: nothing): retries open sessions, too, and where dials have to
 * wait, a failing service makes the load fall short and the run invalid. Returns whether it did.
 */
bool forecast_connects(const struct profile *profile, struct text *out);

/* Appends the table of all regions, and the assumptions. */
void forecast_table(const struct profile *profile, struct text *out);

#endif
