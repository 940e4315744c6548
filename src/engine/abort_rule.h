/*
 * The profile's `abort_on_fail`: decides during the run whether a region's failure rate is too
 * high, by Wald's sequential test of each region (stats/sequential.h). `errors` is the chance of
 * any wrong decision in the whole run: regions, and shards that judge for themselves, share it out
 * evenly (Bonferroni).
 */
#ifndef RUSHHOUR_ENGINE_ABORT_RULE_H
#define RUSHHOUR_ENGINE_ABORT_RULE_H

#include "base/error.h"
#include "base/text.h"
#include "engine/shard.h"
#include "engine/trials.h"
#include "profile/profile.h"
#include "stats/sequential.h"

/* A region's test; the sums are those at its decision, or those so far. */
struct abort_region {
    const char *name; /* the profile's */
    struct sequential test;
    struct trial_sums sums;
};

struct abort_rule {
    const struct abort_plan *plan; /* the profile's */
    struct abort_region *regions;  /* one per region of the profile; NULL: the rule is off */
    size_t region_count;
};

/* Starts the rule, which stays off when the profile has none. The profile is borrowed. */
MUST_USE enum err_code abort_rule_start(struct abort_rule *rule, const struct profile *profile,
                                        const struct shard *shard, struct error *err);
void abort_rule_free(struct abort_rule *rule);

/* Adds trials of a region; the verdict after them. Once decided it stays, and so do the sums. */
enum sequential_verdict abort_rule_add(struct abort_rule *rule, size_t region,
                                       const struct trial_sums *trials);

/* "open", "acceptable", "too_high": as run.json has them. */
const char *abort_verdict_name(enum sequential_verdict verdict);

/* Appends a decision in words: region, rates, attempts at risk and first failures. */
void abort_rule_decision(const struct abort_rule *rule, size_t region, struct text *out);

/* Appends how the rule stands: "abort rule: eastus2 undecided, 3 first failures in 210 attempts;
 * ...". */
void abort_rule_status(const struct abort_rule *rule, struct text *out);

#endif
