#include "profile/check.h"
#include "profile/faults.h"
#include "profile/place.h"

#include <stdio.h>
#include <string.h>

/* The place of a key of a rule: "simulator.faults[2].rate". */
static struct place rule_place(const struct profile *profile, const char *list, size_t rule,
                               const char *key, struct error *err)
{
    char path[96];
    (void)snprintf(path, sizeof path, "simulator.%s[%zu].%s", list, rule, key);
    return place_find(profile, path, err);
}

static enum err_code check_rule_regions(const struct profile *profile, const char *list,
                                        size_t rule, char *const *regions, size_t count,
                                        struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "simulator.%s[%zu].regions[%zu]", list, rule, i);
        enum err_code code = check_region_known(profile, regions[i], path, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static enum err_code check_deployments(const struct profile *profile, size_t index,
                                       struct error *err)
{
    const struct fault_rule *rule = &profile->simulator.faults[index];
    for (size_t i = 0; i < rule->deployment_count; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "simulator.faults[%zu].deployments[%zu]", index, i);
        enum err_code code = check_deployment_known(profile, rule->deployments[i], path, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

/* A whole region is either down or not: there is nothing to draw. */
static enum err_code check_whole_region(const struct profile *profile, size_t index,
                                        struct error *err)
{
    const struct fault_rule *rule = &profile->simulator.faults[index];
    bool sometimes = rule->hours == NULL && rule->rate < 1;
    for (size_t i = 0; rule->hours != NULL && i < 24; i++) {
        if (rule->hours->rates[i] > 0 && rule->hours->rates[i] < 1) sometimes = true;
    }
    if (!sometimes) return ERR_OK;
    struct place place =
        rule_place(profile, "faults", index, rule->hours == NULL ? "rate" : "hours", err);
    return place_fail(
        &place,
        "%s takes the region as a whole: write 100%%%s, and say with `during` or `burst` when",
        rule->fault, rule->hours == NULL ? "" : " or 0%");
}

/* A run resolves where a region is before it begins, and never again. */
static enum err_code check_lasting(const struct profile *profile, size_t index, struct error *err)
{
    const struct fault_rule *rule = &profile->simulator.faults[index];
    const char *key = rule->during != NULL       ? "during"
                      : rule->hours != NULL      ? "hours"
                      : rule->burst_every_ns > 0 ? "burst"
                                                 : NULL;
    if (key == NULL) return ERR_OK;
    struct place place = rule_place(profile, "faults", index, key, err);
    return place_fail(&place, "%s holds for the whole run: remove it, or use connect_refused",
                      rule->fault);
}

/* A fault of the proxy requires a region that has one. */
static enum err_code check_proxied(const struct profile *profile, size_t index, struct error *err)
{
    const struct fault_rule *rule = &profile->simulator.faults[index];
    for (size_t i = 0; i < profile->region_count; i++) {
        if (profile->regions[i].proxy_source == NULL) continue;
        bool named = rule->region_count == 0;
        for (size_t k = 0; k < rule->region_count; k++)
            named |= strcmp(rule->regions[k], profile->regions[i].name) == 0;
        if (named) return ERR_OK;
    }
    struct place place = rule_place(profile, "faults", index, "fault", err);
    return place_fail(
        &place, "%s strikes only regions with a `proxy`, and none of these has one: add it to one",
        rule->fault);
}

/* The key of a condition on a response, or NULL if the rule has none. */
static const char *response_condition(const struct fault_rule *rule)
{
    if (rule->after_failure_same.set) return "after_failure.same_session";
    if (rule->after_failure_new.set) return "after_failure.new_session";
    if (rule->min_socket_age_ns > 0) return "min_socket_age";
    if (rule->max_socket_age_ns > 0) return "max_socket_age";
    if (rule->from_turn > 1) return "from_turn";
    if (rule->to_turn > 0) return "to_turn";
    if (rule->min_context_tokens > 0) return "min_context_tokens";
    if (rule->max_context_tokens > 0) return "max_context_tokens";
    return NULL;
}

static enum err_code check_conditions(const struct profile *profile, size_t index,
                                      const struct fault_info *fault, struct error *err)
{
    static const char *const chances[] = {"region",  "connection", "CONNECT",
                                          "upgrade", "session",    "response"};
    const struct fault_rule *rule = &profile->simulator.faults[index];
    const char *key = response_condition(rule);
    if (key == NULL || fault->chance == CHANCE_PER_RESPONSE) return ERR_OK;
    struct place place = rule_place(profile, "faults", index, key, err);
    return place_fail(&place, "asks about a response, but %s strikes once per %s: remove it",
                      rule->fault, chances[fault->chance]);
}

static enum err_code check_bounds(const struct profile *profile, size_t index, struct error *err)
{
    const struct fault_rule *rule = &profile->simulator.faults[index];
    const char *key = NULL;
    if (rule->max_socket_age_ns > 0 && rule->max_socket_age_ns <= rule->min_socket_age_ns)
        key = "max_socket_age";
    if (rule->to_turn > 0 && rule->to_turn < rule->from_turn) key = "to_turn";
    if (rule->max_context_tokens > 0 && rule->max_context_tokens < rule->min_context_tokens)
        key = "max_context_tokens";
    if (key == NULL) return ERR_OK;
    struct place place = rule_place(profile, "faults", index, key, err);
    return place_fail(&place,
                      "lies below where the rule begins, so that it would never hold: raise it");
}

static enum err_code check_burst(const struct profile *profile, size_t index, struct error *err)
{
    const struct fault_rule *rule = &profile->simulator.faults[index];
    struct place place = rule_place(profile, "faults", index, "burst", err);
    if ((rule->burst_every_ns > 0) != (rule->burst_length_ns > 0))
        return place_fail(&place,
                          "needs both every and length: {\"every\": \"5m\", \"length\": \"20s\"}");
    if (rule->burst_length_ns > rule->burst_every_ns)
        return place_fail(&place, "length is more than every: shorten it");
    return ERR_OK;
}

static enum err_code check_fault(const struct profile *profile, size_t index, struct error *err)
{
    const struct fault_rule *rule = &profile->simulator.faults[index];
    enum fault_kind kind;
    if (!fault_find(rule->fault, &kind)) return ERR_OK; /* already rejected by form_fault */
    const struct fault_info *fault = fault_info(kind);
    enum err_code code =
        check_rule_regions(profile, "faults", index, rule->regions, rule->region_count, err);
    if (code == ERR_OK) code = check_deployments(profile, index, err);
    if (code == ERR_OK && fault->chance == CHANCE_PER_REGION)
        code = check_whole_region(profile, index, err);
    if (code == ERR_OK && kind == FAULT_RESOLVE_FAILED) code = check_lasting(profile, index, err);
    if (code == ERR_OK && fault->chance == CHANCE_PER_CONNECT)
        code = check_proxied(profile, index, err);
    if (code == ERR_OK) code = check_conditions(profile, index, fault, err);
    if (code == ERR_OK) code = check_bounds(profile, index, err);
    if (code == ERR_OK) code = check_burst(profile, index, err);
    return code;
}

static enum err_code check_quota(const struct profile *profile, size_t index, struct error *err)
{
    const struct quota_rule *rule = &profile->simulator.quota[index];
    struct place place = rule_place(profile, "quota", index, "effective_tpm", err);
    if (rule->effective_tpm > 0 && rule->effective_tpm >= rule->tpm)
        return place_fail(
            &place,
            "is no lower than tpm (%llu): the limit that is really enforced is the lower one",
            (unsigned long long)rule->tpm);
    return check_rule_regions(profile, "quota", index, rule->regions, rule->region_count, err);
}

enum err_code check_simulator(const struct profile *profile, struct error *err)
{
    const struct simulator_plan *plan = &profile->simulator;
    enum err_code code = ERR_OK;
    /* the first latency rule is the built-in one, which names no region and is not in the file */
    for (size_t i = 1; i < plan->latency_count && code == ERR_OK; i++) {
        const struct latency_rule *rule = &plan->latency[i];
        code =
            check_rule_regions(profile, "latency", i - 1, rule->regions, rule->region_count, err);
    }
    for (size_t i = 0; i < plan->fault_count && code == ERR_OK; i++)
        code = check_fault(profile, i, err);
    for (size_t i = 0; i < plan->quota_count && code == ERR_OK; i++)
        code = check_quota(profile, i, err);
    if (code == ERR_OK && plan->audio_delta_bytes % 2 != 0) {
        struct place place = place_find(profile, "simulator.audio_delta_bytes", err);
        return place_fail(&place, "PCM16 has two bytes per sample: write an even number");
    }
    return code;
}
