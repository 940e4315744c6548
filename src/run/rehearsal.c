#include "run/rehearsal.h"

#include "base/text.h"
#include "base/units.h"
#include "engine/timing.h"
#include "profile/faults.h"
#include "profile/place.h"
#include "simulator/answer_fault.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* How far above the median the delay of one in 1,000 lies, relative to the p99, in standard
 * deviations: the scripted delays are log-normal. */
#define LONGEST_Z (3.0902 / 2.3263)

struct rehearsal {
    const struct profile *profile;
    const struct clock_limits *longer;
    struct error *err;
};

/* The longest that the rules make of a step, and the rule that does. */
struct longest {
    int64_t ns, median_ns;
    size_t rule;
};

static int64_t longest_of(const struct latency *latency)
{
    const double median = (double)latency->median_ns;
    if (latency->median_ns <= 0 || latency->p99_ns <= latency->median_ns) return latency->median_ns;
    return (int64_t)(median * pow((double)latency->p99_ns / median, LONGEST_Z));
}

/* offset: position of the step in a rule. A rule for every region and hour overrides all before
 * it. */
static struct longest longest_step(const struct simulator_plan *plan, size_t offset)
{
    struct longest longest = {0};
    for (size_t i = 0; i < plan->latency_count; i++) {
        const struct latency_rule *rule = &plan->latency[i];
        const struct latency *latency =
            (const struct latency *)(const void *)((const char *)rule + offset);
        if (!latency->set) continue;
        const bool overrides = rule->region_count == 0 && rule->during == NULL;
        if (!overrides && longest_of(latency) <= longest.ns) continue;
        longest = (struct longest){longest_of(latency), latency->median_ns, i};
    }
    return longest;
}

#define LONGEST(plan, step) longest_step(plan, offsetof(struct latency_rule, step))

/* What the script at `path` takes against the limit of this key. */
static enum err_code compare(const struct rehearsal *rehearsal, const char *path, int64_t takes_ns,
                             const char *key)
{
    const struct clock_limit *limit = NULL;
    for (size_t i = 0; i < rehearsal->longer->count; i++) {
        if (strcmp(rehearsal->longer->list[i].key, key) == 0) limit = &rehearsal->longer->list[i];
    }
    if (limit == NULL || takes_ns < limit->asked_ns) return ERR_OK;
    struct text words = {0};
    text_puts(&words, "takes up to ");
    text_duration(&words, takes_ns);
    text_printf(&words, ", and %s is ", key);
    text_duration(&words, limit->asked_ns);
    text_puts(&words, ", which this fast clock cannot keep (it would last ");
    text_duration(&words, limit->lasts_ns);
    const double floor_ns = (double)limit->asked_ns < (double)TIMING_FLOOR_NS
                                ? (double)limit->asked_ns
                                : (double)TIMING_FLOOR_NS;
    text_printf(&words,
                "): real time would show failures that the rehearsal does not; set "
                "simulator.clock.speed to %.4g at most, or raise %s",
                (double)limit->asked_ns / floor_ns, key);
    const struct place place = place_find(rehearsal->profile, path, rehearsal->err);
    const enum err_code code = place_fail(&place, "%s", text_str(&words));
    text_free(&words);
    return code;
}

/* A first output that comes after the deadline of retries: what fails then is not tried again. */
static enum err_code compare_answer(const struct rehearsal *rehearsal, const char *path,
                                    int64_t takes_ns)
{
    enum err_code code = compare(rehearsal, path, takes_ns, "timeouts.first_output");
    if (code == ERR_OK) code = compare(rehearsal, path, takes_ns, "timeouts.response");
    if (code == ERR_OK) code = compare(rehearsal, path, takes_ns, "retry.deadline");
    return code;
}

/* The first rule is the built-in one, which is not in the file. */
static void rule_path(size_t rule, char out[64])
{
    if (rule == 0) {
        (void)snprintf(out, 64, "simulator.latency");
    } else {
        (void)snprintf(out, 64, "simulator.latency[%zu]", rule - 1);
    }
}

static enum err_code check_step(const struct rehearsal *rehearsal, struct longest longest,
                                const char *key)
{
    char path[64];
    rule_path(longest.rule, path);
    return compare(rehearsal, path, longest.ns, key);
}

static enum err_code check_latencies(const struct rehearsal *rehearsal)
{
    const struct simulator_plan *plan = &rehearsal->profile->simulator;
    const struct longest first = LONGEST(plan, first_output);
    const struct longest delta = LONGEST(plan, delta);
    const int64_t first_ns = LONGEST(plan, response_created).ns + first.ns;
    char path[64];
    enum err_code code = check_step(rehearsal, LONGEST(plan, upgrade), "timeouts.upgrade");
    if (code == ERR_OK) code = check_step(rehearsal, LONGEST(plan, session), "timeouts.session");
    if (code == ERR_OK)
        code = check_step(rehearsal, LONGEST(plan, configure), "timeouts.configure");
    rule_path(first.rule, path);
    if (code == ERR_OK) code = compare_answer(rehearsal, path, first_ns);
    if (code == ERR_OK) code = check_step(rehearsal, delta, "timeouts.stall");
    if (code == ERR_OK && plan->preambles > 0)
        code = check_step(rehearsal, LONGEST(plan, answer), "timeouts.stall");
    rule_path(delta.rule, path);
    if (code == ERR_OK)
        code = compare(rehearsal, path, first_ns + delta.median_ns * (int64_t)plan->output_deltas,
                       "timeouts.response");
    return code;
}

/* A fault that strikes late in a response. */
static enum err_code check_fault(const struct rehearsal *rehearsal, size_t index)
{
    const struct fault_rule *rule = &rehearsal->profile->simulator.faults[index];
    enum fault_kind kind;
    char path[64];
    if (rule->after_ns <= 0 || !fault_find(rule->fault, &kind)) return ERR_OK;
    if (fault_info(kind)->chance != CHANCE_PER_RESPONSE) return ERR_OK;
    (void)snprintf(path, sizeof path, "simulator.faults[%zu].after", index);
    const struct answer_fault *fault = answer_fault(kind);
    if (answer_fault_is_timed(fault)) return compare_answer(rehearsal, path, rule->after_ns);
    if (fault->effect == EFFECT_SLOW)
        return compare(rehearsal, path, rule->after_ns, "timeouts.stall");
    return ERR_OK; /* a number of deltas, or a hint that is followed to the letter */
}

enum err_code rehearsal_check(const struct profile *profile, const struct clock_limits *longer,
                              struct error *err)
{
    const struct rehearsal rehearsal = {.profile = profile, .longer = longer, .err = err};
    if (longer->count == 0) return ERR_OK;
    enum err_code code = check_latencies(&rehearsal);
    for (size_t i = 0; i < profile->simulator.fault_count && code == ERR_OK; i++)
        code = check_fault(&rehearsal, i);
    return code;
}
