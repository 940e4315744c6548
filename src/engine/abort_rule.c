#include "engine/abort_rule.h"

#include <inttypes.h>
#include <stdlib.h>

enum err_code abort_rule_start(struct abort_rule *rule, const struct profile *profile,
                               const struct shard *shard, struct error *err)
{
    const struct abort_plan *plan = &profile->abort_on_fail;
    *rule = (struct abort_rule){.plan = plan, .region_count = profile->region_count};
    if (!plan->acceptable.set) return ERR_OK;
    rule->regions = calloc(rule->region_count, sizeof *rule->regions);
    if (rule->regions == NULL) return error_set(err, ERR_NOMEM, "no memory for abort_on_fail");
    double shares = (double)rule->region_count * (shard->count > 0 ? shard->count : 1);
    for (size_t i = 0; i < rule->region_count; i++) {
        struct abort_region *region = &rule->regions[i];
        region->name = profile->regions[i].name;
        if (!sequential_start(&region->test, plan->acceptable.value, plan->too_high.value,
                              plan->errors / shares, plan->errors / shares)) {
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

enum sequential_verdict abort_rule_add(struct abort_rule *rule, size_t region,
                                       const struct trial_sums *trials)
{
    struct abort_region *r = &rule->regions[region];
    if (r->test.verdict != SEQUENTIAL_OPEN) return r->test.verdict;
    r->sums.at_risk += trials->at_risk;
    r->sums.first_failures += trials->first_failures;
    return sequential_add(&r->test, (double)trials->at_risk, (double)trials->first_failures);
}

const char *abort_verdict_name(enum sequential_verdict verdict)
{
    static const char *const names[] = {[SEQUENTIAL_OPEN] = "open",
                                        [SEQUENTIAL_ACCEPTABLE] = "acceptable",
                                        [SEQUENTIAL_TOO_HIGH] = "too_high"};
    return names[verdict];
}

static void put_sums(const struct abort_region *region, struct text *out)
{
    text_printf(out, "%" PRIu64 " first failure%s in %" PRIu64 " attempts",
                region->sums.first_failures, region->sums.first_failures == 1 ? "" : "s",
                region->sums.at_risk);
}

void abort_rule_decision(const struct abort_rule *rule, size_t region, struct text *out)
{
    const struct abort_region *r = &rule->regions[region];
    bool failed = r->test.verdict == SEQUENTIAL_TOO_HIGH;
    text_printf(out, "abort_on_fail: region %s: the failure rate is %s: ", r->name,
                failed ? "too high" : "acceptable");
    put_sums(r, out);
    text_printf(out, " at risk, which speaks for %.4g%% or %s and against %.4g%%",
                100 * (failed ? rule->plan->too_high.value : rule->plan->acceptable.value),
                failed ? "more" : "less",
                100 * (failed ? rule->plan->acceptable.value : rule->plan->too_high.value));
}

void abort_rule_status(const struct abort_rule *rule, struct text *out)
{
    static const char *const words[] = {[SEQUENTIAL_OPEN] = "undecided",
                                        [SEQUENTIAL_ACCEPTABLE] = "acceptable",
                                        [SEQUENTIAL_TOO_HIGH] = "too high"};
    text_puts(out, "abort rule: ");
    for (size_t i = 0; i < rule->region_count; i++) {
        const struct abort_region *region = &rule->regions[i];
        text_printf(out, "%s%s %s, ", i > 0 ? "; " : "", region->name, words[region->test.verdict]);
        put_sums(region, out);
    }
}
