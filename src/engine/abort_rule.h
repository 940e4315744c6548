/*
 * The profile's `abort_on_fail`: watches each region's failure rate for the whole run by a
 * restarting cumulative sum (stats/cusum.h), and stops the run when one is too high. `errors` is
 * the probability of a false alarm in the whole run, divided evenly among regions and independently
 * judging shards (Bonferroni); with the number of attempts in the plan, it determines the mean
 * distance between false alarms.
 */
#ifndef RUSHHOUR_ENGINE_ABORT_RULE_H
#define RUSHHOUR_ENGINE_ABORT_RULE_H

#include "base/error.h"
#include "base/text.h"
#include "engine/shard.h"
#include "engine/trials.h"
#include "profile/profile.h"
#include "stats/cusum.h"

/* A region's watch. */
struct abort_region {
    const char *name; /* owned by the profile */
    struct cusum watch;
};

struct abort_rule {
    const struct abort_plan *plan; /* owned by the profile */
    struct abort_region *regions;  /* one per region of the profile; NULL: the rule is off */
    size_t region_count;
    int64_t elapsed_ns; /* elapsed time of the load when trials were last reported */
};

/*
 * Starts watching one of `regions` regions, with its part of the plan's `errors`, over as many
 * trials as one region's expected attempts in the whole plan. False for rates that cannot be told
 * apart.
 */
bool abort_rule_watch(const struct abort_plan *plan, size_t regions, const struct shard *shard,
                      double expected, struct cusum *watch);

/* Starts the rule; it stays off if the profile has none. expected: attempts of one region in the
 * whole plan. The profile is borrowed. */
MUST_USE enum err_code abort_rule_start(struct abort_rule *rule, const struct profile *profile,
                                        const struct shard *shard, double expected,
                                        struct error *err);
void abort_rule_free(struct abort_rule *rule);

/* Adds trials of a region, at a time since the load began (by the run's own clock); returns whether
 * its rate is too high. That result stays, while the watch continues. */
bool abort_rule_add(struct abort_rule *rule, size_t region, int64_t elapsed_ns,
                    const struct trial_sums *trials);

/* "watching" or "too_high", as in run.json. */
const char *abort_verdict_name(const struct abort_region *region);

/* Appends a description of an alarm: region, rates, attempts at risk and first failures. */
void abort_rule_decision(const struct abort_rule *rule, size_t region, struct text *out);

/* Hours of the run's own clock between two false alarms, whichever region's, as attempts have come
 * so far; infinite before the first. */
double abort_rule_hours_between(const struct abort_rule *rule);

/* Appends the state of the rule: "abort rule (a false alarm in 1d 9h): eastus2 12% of the way to
 * a stop, 3 first failures in 210 attempts; ...". */
void abort_rule_status(const struct abort_rule *rule, struct text *out);

#endif
