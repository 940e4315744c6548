#include "simulator/condition.h"

#include "base/random.h"

static bool within(uint64_t value, uint64_t least, uint64_t most)
{
    return value >= least && (most == 0 || value <= most);
}

bool condition_holds(const struct fault_rule *rule, const struct moment *moment)
{
    uint64_t oldest = rule->max_socket_age_ns > 0 ? (uint64_t)rule->max_socket_age_ns - 1 : 0;
    return within(moment->socket_age_ns, (uint64_t)rule->min_socket_age_ns, oldest) &&
           within(moment->turn, moment->turn == 0 ? 0 : rule->from_turn, rule->to_turn) &&
           within(moment->context_tokens, rule->min_context_tokens, rule->max_context_tokens);
}

bool condition_bursts(const struct fault_rule *rule, uint64_t seed, int64_t elapsed_ns)
{
    if (rule->burst_every_ns == 0) return true;
    int64_t stretch = elapsed_ns / rule->burst_every_ns - (elapsed_ns % rule->burst_every_ns < 0);
    int64_t at_ns = elapsed_ns - stretch * rule->burst_every_ns;
    struct random random;
    random_seed(&random, seed, (uint64_t)stretch);
    uint64_t slack = (uint64_t)(rule->burst_every_ns - rule->burst_length_ns);
    int64_t begin_ns = (int64_t)random_below(&random, slack + 1);
    return at_ns >= begin_ns && at_ns - begin_ns < rule->burst_length_ns;
}

double condition_rate(const struct fault_rule *rule, int64_t wall_ns)
{
    if (rule->hours == NULL) return rule->rate;
    struct civil civil;
    zone_civil(rule->hours->zone, wall_ns, &civil);
    return rule->hours->rates[civil.hour];
}

double condition_sticky_rate(const struct fault_rule *rule, double rate,
                             const struct moment *moment)
{
    if (moment->failed_before && rule->after_failure_same.set)
        return rule->after_failure_same.value;
    if (moment->retries && rule->after_failure_new.set) return rule->after_failure_new.value;
    return rate;
}
