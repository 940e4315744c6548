#include "simulator/script.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Z_99 2.3263478740408408 /* the standard normal's 0.99 quantile */
#define MINUTE_NS (60 * NS_PER_S)
#define SEED_OF_BURSTS UINT64_C(0x6275727374)
#define SEED_OF_SIMULATOR                                                                          \
    UINT64_C(0x73696D756C61746F) /* the load may use the same seed, and must not share our
                                    streams */

/* A rule that names none applies to all. */
static bool names(char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (name != NULL && strcmp(list[i], name) == 0) return true;
    }
    return count == 0;
}

static bool concerns(const struct fault_rule *rule, const struct region *region)
{
    const char *deployment = region->deployment != NULL ? region->deployment : region->model;
    return names(rule->regions, rule->region_count, region->name) &&
           names(rule->deployments, rule->deployment_count, deployment);
}

static bool in_force(const struct window *during, int64_t wall_ns)
{
    return during == NULL || window_contains(during, wall_ns);
}

/* Allocates one element more than needed, because calloc(0) may return NULL. */
static bool reserve(struct script *script, const struct simulator_plan *plan)
{
    script->latency = calloc(plan->latency_count + 1, sizeof *script->latency);
    script->faults = calloc(plan->fault_count + 1, sizeof *script->faults);
    script->fault_kinds = calloc(plan->fault_count + 1, sizeof *script->fault_kinds);
    script->fault_draws = calloc(plan->fault_count + 1, sizeof *script->fault_draws);
    script->fault_active = calloc(plan->fault_count + 1, sizeof *script->fault_active);
    script->fault_rates = calloc(plan->fault_count + 1, sizeof *script->fault_rates);
    return script->latency != NULL && script->faults != NULL && script->fault_kinds != NULL &&
           script->fault_draws != NULL && script->fault_active != NULL &&
           script->fault_rates != NULL;
}

/* A rule is known by its fault and by which of that fault's it is, so that a rule for another fault
 * changes nothing. */
static uint64_t draw_of(const struct simulator_plan *plan, size_t index)
{
    const char *fault = plan->faults[index].fault;
    uint64_t before = 0;
    for (size_t i = 0; i < index; i++) before += strcmp(plan->faults[i].fault, fault) == 0;
    return random_stream(fault) + before;
}

enum err_code script_init(struct script *script, const struct simulator_plan *plan,
                          const struct region *region, uint64_t seed, uint64_t region_index,
                          struct error *err)
{
    *script = (struct script){.minute = INT64_MIN,
                              .first_rule = plan->faults,
                              .burst_seed = seed ^ SEED_OF_SIMULATOR ^ SEED_OF_BURSTS};
    script->lot = lot_part((struct lot){seed ^ SEED_OF_SIMULATOR}, region_index);
    if (!reserve(script, plan)) {
        script_free(script);
        return error_set(err, ERR_NOMEM, "no memory for the simulator's rules of region %s",
                         region->name);
    }
    for (size_t i = 0; i < plan->latency_count; i++) {
        const struct latency_rule *rule = &plan->latency[i];
        if (names(rule->regions, rule->region_count, region->name))
            script->latency[script->latency_count++] = rule;
    }
    for (size_t i = 0; i < plan->fault_count; i++) {
        const struct fault_rule *rule = &plan->faults[i];
        if (!concerns(rule, region)) continue;
        if (!fault_find(rule->fault, &script->fault_kinds[script->fault_count])) {
            script_free(script);
            return error_set(err, ERR_PROFILE,
                             "simulator.faults[%zu].fault: there is no fault \"%s\"", i,
                             rule->fault);
        }
        script->fault_draws[script->fault_count] = draw_of(plan, i);
        script->faults[script->fault_count++] = rule;
    }
    return ERR_OK;
}

void script_free(struct script *script)
{
    free(script->latency);
    free(script->faults);
    free(script->fault_kinds);
    free(script->fault_draws);
    free(script->fault_active);
    free(script->fault_rates);
    *script = (struct script){0};
}

static const struct latency *latency_of(const struct latency_rule *rule, enum step step)
{
    switch (step) {
    case STEP_UPGRADE:
        return &rule->upgrade;
    case STEP_SESSION:
        return &rule->session;
    case STEP_CONFIGURE:
        return &rule->configure;
    case STEP_RESPONSE_CREATED:
        return &rule->response_created;
    case STEP_FIRST_OUTPUT:
        return &rule->first_output;
    case STEP_ANSWER:
        return &rule->answer;
    case STEP_DELTA:
    case STEP_COUNT:
        break;
    }
    return &rule->delta;
}

static void apply(struct script *script, const struct latency_rule *rule)
{
    for (int i = 0; i < STEP_COUNT; i++) {
        const struct latency *latency = latency_of(rule, (enum step)i);
        if (!latency->set) continue;
        bool spread = latency->median_ns > 0 && latency->p99_ns > latency->median_ns;
        script->median_ns[i] = latency->median_ns;
        script->sigma[i] =
            spread ? log((double)latency->p99_ns / (double)latency->median_ns) / Z_99 : 0;
    }
}

/* Windows begin and end on minutes; asking the calendar at every draw would cost more than the
 * draw. */
static void refresh(struct script *script, int64_t wall_ns)
{
    int64_t minute = wall_ns / MINUTE_NS - (wall_ns % MINUTE_NS < 0);
    if (minute == script->minute) return;
    script->minute = minute;
    memset(script->median_ns, 0, sizeof script->median_ns);
    memset(script->sigma, 0, sizeof script->sigma);
    for (size_t i = 0; i < script->latency_count; i++) {
        if (in_force(script->latency[i]->during, wall_ns)) apply(script, script->latency[i]);
    }
    for (size_t i = 0; i < script->fault_count; i++) {
        script->fault_active[i] = in_force(script->faults[i]->during, wall_ns);
        script->fault_rates[i] = condition_rate(script->faults[i], wall_ns);
    }
}

/* Whether a rule is in force at an instant; bursts are drawn by the rule's number in the profile,
 * so that they come in all regions at once. */
static bool is_active(const struct script *script, size_t index, int64_t wall_ns)
{
    const struct fault_rule *rule = script->faults[index];
    uint64_t number = (uint64_t)(rule - script->first_rule);
    return script->fault_active[index] &&
           condition_bursts(rule, script->burst_seed + number, wall_ns - script->origin_ns);
}

void script_set_origin(struct script *script, int64_t wall_ns)
{
    script->origin_ns = wall_ns;
}

uint64_t script_delay(struct script *script, enum step step, struct lot lot, uint64_t draw,
                      int64_t wall_ns)
{
    refresh(script, wall_ns);
    double median = (double)script->median_ns[step];
    if (script->sigma[step] == 0) return (uint64_t)script->median_ns[step];
    struct random random = lot_stream(lot, draw);
    return (uint64_t)llround(median * exp(script->sigma[step] * random_normal(&random)));
}

struct strike script_strike(struct script *script, enum fault_chance chance, struct lot lot,
                            const struct moment *moment)
{
    refresh(script, moment->wall_ns);
    for (size_t i = 0; i < script->fault_count; i++) {
        const struct fault_rule *rule = script->faults[i];
        enum fault_kind kind = script->fault_kinds[i];
        if (fault_info(kind)->chance != chance || !is_active(script, i, moment->wall_ns)) continue;
        if (!condition_holds(rule, moment)) continue;
        double rate = condition_sticky_rate(rule, script->fault_rates[i], moment);
        if (lot_unit(lot, script->fault_draws[i]) < rate)
            return (struct strike){
                .struck = true, .kind = kind, .info = fault_info(kind), .after_ns = rule->after_ns};
    }
    return (struct strike){0};
}

bool script_region_fault(struct script *script, int64_t wall_ns, enum fault_kind kind)
{
    refresh(script, wall_ns);
    for (size_t i = 0; i < script->fault_count; i++) {
        if (script->fault_kinds[i] != kind || !is_active(script, i, wall_ns)) continue;
        if (script->fault_rates[i] > 0) return true;
    }
    return false;
}

void script_failed(struct script *script)
{
    script->owed++;
}

bool script_claim(struct script *script)
{
    if (script->owed == 0) return false;
    script->owed--;
    return true;
}

void script_settle(struct script *script)
{
    (void)script_claim(script);
}

bool script_fails(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_CANCEL_NOT_ACTIVE:
    case FAULT_TRANSCRIPTION_FAILED:
    case FAULT_UNKNOWN_EVENT:
    case FAULT_EVENT_FLOOD:
    case FAULT_MAX_OUTPUT_TOKENS:
    case FAULT_TURN_DETECTED:
        return false;
    default:
        return true;
    }
}
