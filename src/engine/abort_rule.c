#include "engine/abort_rule.h"

#include "base/clock.h"
#include "base/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

bool abort_rule_watch(const struct abort_plan *plan, size_t regions, const struct shard *shard,
                      double expected, struct cusum *watch)
{
    double shards = shard->count > 0 ? shard->count : 1;
    double chance = plan->errors / ((double)regions * shards);
    double mean = cusum_mean_for(chance, fmax(1, expected / shards));
    return cusum_start(watch, plan->acceptable.value, plan->too_high.value, mean);
}

enum err_code abort_rule_start(struct abort_rule *rule, const struct profile *profile,
                               const struct shard *shard, double expected, struct error *err)
{
    const struct abort_plan *plan = &profile->abort_on_fail;
    *rule = (struct abort_rule){.plan = plan, .region_count = profile->region_count};
    if (!plan->acceptable.set) return ERR_OK;
    rule->regions = calloc(rule->region_count, sizeof *rule->regions);
    if (rule->regions == NULL) return error_set(err, ERR_NOMEM, "no memory for abort_on_fail");
    for (size_t i = 0; i < rule->region_count; i++) {
        struct abort_region *region = &rule->regions[i];
        region->name = profile->regions[i].name;
        if (!abort_rule_watch(plan, rule->region_count, shard, expected, &region->watch)) {
            return error_set(
                err, ERR_PROFILE,
                "abort_on_fail: needs 0%% < acceptable < too_high < 100%% and errors from 0%% to "
                "50%% without the ends");
        }
    }
    return ERR_OK;
}

void abort_rule_free(struct abort_rule *rule)
{
    free(rule->regions);
    *rule = (struct abort_rule){0};
}

bool abort_rule_add(struct abort_rule *rule, size_t region, int64_t elapsed_ns,
                    const struct trial_sums *trials)
{
    struct cusum *watch = &rule->regions[region].watch;
    rule->elapsed_ns = elapsed_ns;
    return cusum_add(watch, (double)elapsed_ns / (double)NS_PER_S, trials->at_risk,
                     trials->first_failures);
}

const char *abort_verdict_name(const struct abort_region *region)
{
    return region->watch.alarm ? "too_high" : "watching";
}

static void put_sums(const struct cusum *watch, struct text *out)
{
    text_printf(out, "%" PRIu64 " first failure%s in %" PRIu64 " attempts", watch->failed,
                watch->failed == 1 ? "" : "s", watch->trials);
}

void abort_rule_decision(const struct abort_rule *rule, size_t region, struct text *out)
{
    const struct abort_region *r = &rule->regions[region];
    text_printf(out, "abort_on_fail: region %s: the failure rate is too high: ", r->name);
    put_sums(&r->watch, out);
    text_printf(
        out,
        " at risk, of which the latest speak for %.4g%% or more and against %.4g%% (such an "
        "alarm is false once in %.3g attempts)",
        100 * rule->plan->too_high.value, 100 * rule->plan->acceptable.value, r->watch.mean_trials);
}

double abort_rule_hours_between(const struct abort_rule *rule)
{
    double alarms = 0; /* to be expected in the time so far */
    for (size_t i = 0; rule->regions != NULL && i < rule->region_count; i++) {
        const struct cusum *watch = &rule->regions[i].watch;
        alarms += (double)watch->trials / watch->mean_trials;
    }
    if (alarms <= 0) return INFINITY;
    return (double)rule->elapsed_ns / (3600 * (double)NS_PER_S) / alarms;
}

void abort_rule_status(const struct abort_rule *rule, struct text *out)
{
    const double hours = abort_rule_hours_between(rule);
    text_puts(out, "abort rule");
    if (isfinite(hours)) {
        text_puts(out, " (a false alarm in ");
        text_needed_time(out, 60 * hours);
        text_puts(out, ")");
    }
    text_puts(out, ": ");
    for (size_t i = 0; i < rule->region_count; i++) {
        const struct abort_region *region = &rule->regions[i];
        const struct cusum *watch = &region->watch;
        text_printf(out, "%s%s ", i > 0 ? "; " : "", region->name);
        if (watch->alarm) {
            text_puts(out, "too high, ");
        } else {
            text_printf(out, "%.0f%% of the way to a stop, ",
                        100 * fmin(1, cusum_sum(watch) / watch->limit));
        }
        put_sums(watch, out);
    }
}
