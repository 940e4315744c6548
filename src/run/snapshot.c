#include "run/snapshot.h"

#include "base/clock.h"
#include "engine/pacer.h"

#include <stdlib.h>

enum err_code snapshot_store_open(struct snapshot_store *store, const struct profile *profile,
                                  struct error *err)
{
    store->regions = calloc(profile->region_count, sizeof *store->regions);
    store->abort = calloc(profile->region_count, sizeof *store->abort);
    if (store->regions != NULL && store->abort != NULL) return ERR_OK;
    return error_set(err, ERR_NOMEM, "no memory for the figures of the run");
}

void snapshot_store_free(struct snapshot_store *store)
{
    free(store->regions);
    free(store->abort);
    text_free(&store->abort_status);
}

static enum run_phase phase_at(const struct run_snapshot *run, const struct engine_status *engine,
                               const struct snapshot_moment *moment)
{
    if (!moment->driven) return RUN_STARTING;
    if (moment->ended_mono_ns != 0) return RUN_FINISHED;
    if (moment->stops > 1) return RUN_STOPPING;
    bool loaded = run->elapsed_ns < run->load_ns && !engine->draining;
    return loaded ? RUN_RUNNING : RUN_DRAINING;
}

static void take_abort_rule(struct snapshot_store *store, const struct abort_rule *rule,
                            struct run_snapshot *out)
{
    if (rule->regions == NULL) return;
    for (size_t i = 0; i < rule->region_count; i++) {
        const struct abort_region *region = &rule->regions[i];
        store->abort[i] = (struct abort_fact){
            .name = region->name,
            .verdict = abort_verdict_name(region),
            .at_risk = region->watch.trials,
            .first_failures = region->watch.failed,
            .sum = cusum_sum(&region->watch),
            .peak = region->watch.peak,
            .limit = region->watch.limit,
            .restarts = region->watch.restarts,
            .mean_attempts = region->watch.mean_trials,
        };
    }
    abort_rule_status(rule, &store->abort_status);
    out->abort = store->abort;
    out->abort_hours = abort_rule_hours_between(rule);
    out->abort_status = text_str(&store->abort_status);
}

/* Of a replay: what this machine is late by counts as often as its clock is fast. */
static void take_resolution(const struct engine_status *engine, struct run_snapshot *out)
{
    const double speed = out->clock_speed;
    if (!(speed > 1)) return;
    out->resolution = (struct clock_resolution){
        .median_us = (int64_t)((double)engine->loop_delay_p90_ns * speed) / NS_PER_US,
        .tail_us = (int64_t)((double)engine->loop_delay_p99_ns * speed) / NS_PER_US,
    };
}

static void take_engine(struct snapshot_store *store, const struct engine_status *engine,
                        struct run_snapshot *out)
{
    const struct budget *budget = &out->profile->budget;
    for (size_t i = 0; i < engine->region_count; i++) {
        store->regions[i].totals = &engine->totals[i];
        store->regions[i].sessions_open = engine->sessions_open[i];
        store->regions[i].in_flight = engine->in_flight[i];
        store->regions[i].hold = engine->holding[i];
    }
    out->holds = engine->holds;
    out->end = engine->end;
    out->reason = engine->reason;
    out->health = engine->health;
    out->latest = engine->latest;
    take_resolution(engine, out);
    if (budget->usd > 0 || budget->tokens > 0) out->budget_spent = engine->budget_spent;
    take_abort_rule(store, engine->abort_rule, out);
}

/* A load that was stopped before it was due took no time. */
static void take_times(const struct run_plan *plan, const struct snapshot_moment *moment,
                       struct run_snapshot *out)
{
    const uint64_t origin_ns = plan->clock.mono_origin_ns;
    uint64_t now_ns = moment->ended_mono_ns != 0 ? moment->ended_mono_ns : moment->now_mono_ns;
    out->elapsed_ns = run_clock_elapsed(&plan->clock, now_ns);
    out->driven_ns = now_ns > origin_ns ? (int64_t)(now_ns - origin_ns) : 0;
    if (moment->ended_mono_ns != 0) out->ended_ns = run_clock_wall_at(&plan->clock, now_ns);
}

void snapshot_take(struct snapshot_store *store, const struct run_plan *plan,
                   const struct engine_status *engine, const struct snapshot_moment *moment,
                   struct run_snapshot *out)
{
    const struct profile *profile = plan->profile;
    run_plan_shard(plan, store->shard);
    text_clear(&store->abort_status);
    for (size_t i = 0; i < profile->region_count; i++)
        store->regions[i] = (struct region_snapshot){.region = &profile->regions[i]};
    *out = (struct run_snapshot){
        .id = plan->id,
        .profile = profile,
        .seed = plan->seed,
        .shard = store->shard,
        .workers = plan->workers,
        .simulated = moment->simulated,
        .clock_speed = plan->clock.speed,
        .longer = &plan->longer,
        .at_mono_ns = moment->now_mono_ns,
        .counting_since_ns = moment->counting_since_ns,
        .started_ns = plan->clock.wall_origin_ns,
        .load_ns = load_duration_ns(&profile->load),
        .reason = "",
        .budget_spent = -1,
        .abort_status = "",
        .regions = store->regions,
        .region_count = profile->region_count,
    };
    if (moment->driven) take_times(plan, moment, out);
    if (engine != NULL) take_engine(store, engine, out);
    out->phase = engine != NULL ? phase_at(out, engine, moment) : RUN_STARTING;
    if (out->phase == RUN_RUNNING) out->requested = pacer_level(&profile->load, out->elapsed_ns);
}
