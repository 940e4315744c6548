/* What a load will do, take and cost according to the profile alone: the estimate of `run
 * --dry-run` and `plan`. Its model of a user is in run/expected_user.h. */
#ifndef RUSHHOUR_RUN_FORECAST_H
#define RUSHHOUR_RUN_FORECAST_H

#include "base/text.h"
#include "profile/profile.h"
#include "run/expected_user.h"
#include "run/terms.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A limit that a load meets. */
enum bound { BOUND_NONE, BOUND_RPM, BOUND_TPM, BOUND_MAX_SESSIONS };

#define FORECAST_DRAWS 8 /* of arrivals whose seed is not known, at most */

/*
 * One region under its part of the load (engine/routing.h): all of it with routing `each`, and with
 * `failover` for the first region, as long as that one takes it. RPM and TPM are as the service
 * counts them, in the busiest ten seconds, by the minute. Where chance has a part in the arrivals
 * and the seed is not known, the peaks are the highest of `draws` draws.
 */
struct forecast {
    double sessions, attempts, tokens, usd[COST_CASES];
    double attempts_per_minute; /* mean over the load, were it to go on */
    double peak_sessions;       /* open at once */
    double rpm, tpm;
    double rpm_share, tpm_share; /* of what the quota allows in such ten seconds; 0: no quota */
    unsigned draws;              /* 0: chance has no part */
    enum bound breaks_first;     /* the one crossed earliest; else the one that is nearest */
    double breaks_at_s;          /* since the start; negative: none is crossed */
    bool unpriced;               /* no price of the model is known: the cost is unknown, not zero */
    bool listed; /* the cost goes by public list prices (run/terms.h), at least in part */
};

/* The forecast of a region of a profile; seed: of the arrivals, 0 if it will be drawn. Zero when
 * out of memory. */
struct forecast forecast_region(const struct profile *profile, size_t region, uint64_t seed);

/* All regions, the sums, and when the budget will be reached. */
struct forecast_all {
    struct forecast *regions;
    size_t count;
    struct forecast totals; /* peaks are added up, too; breaks nothing */
    double usd_at_s;        /* when budget.usd is likely to be reached; negative: not */
    double tokens_at_s;     /* likewise budget.tokens */
};

/* The caller frees it with forecast_free; no regions when out of memory. */
struct forecast_all forecast_make(const struct profile *profile, uint64_t seed);
void forecast_free(struct forecast_all *all);

/* A JSON object with `regions`, `totals` and `assumed`, to be completed and freed by the caller
 * (cJSON_Delete); NULL when out of memory. */
cJSON *forecast_profile_json(const struct profile *profile, uint64_t seed);

/*
 * Appends a sentence if more than half of load.connect_rate is taken by the sessions that arrive at
 * the highest stage, or by those that a closed load opens one after the other: retries open
 * sessions, too, and where dials have to wait, a failing service makes the load fall short and the
 * run invalid. Returns whether it did.
 */
bool forecast_connects(const struct profile *profile, struct text *out);

/* Appends the table of all regions, what breaks first, and the assumptions. */
void forecast_table(const struct profile *profile, uint64_t seed, struct text *out);

#endif
