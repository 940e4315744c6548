#include "run/pages.h"
#include "run/run_private.h"
#include "run/version.h"

#include "record/manifest.h"

#include <stdlib.h>

static const char *state_name(const struct engine_status *status)
{
    switch (status->end) {
    case RUN_COMPLETE:
        return "complete";
    case RUN_INTERRUPTED:
        return "interrupted";
    case RUN_STOPPED_BUDGET:
    case RUN_STOPPED_RULE:
    case RUN_FAILED:
        return "stopped";
    }
    return "stopped";
}

/* The generator's lateness over the whole run, from all regions together. */
static void fill_lag(const struct engine_status *status, struct run_facts *facts)
{
    facts->lag_p50_us = facts->lag_p99_us = facts->lag_max_us = -1;
    struct histogram *lags = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    if (lags == NULL) return;
    for (size_t i = 0; i < status->region_count; i++) {
        const struct histogram *lag = status->totals[i].latency[METRIC_LAG];
        if (lag != NULL) histogram_add(lags, lag);
    }
    if (lags->total > 0) {
        facts->lag_p50_us = histogram_percentile(lags, 50);
        facts->lag_p99_us = histogram_percentile(lags, 99);
        facts->lag_max_us = histogram_max(lags);
    }
    histogram_free(lags);
}

/* 0 when the run was stopped before its load was due. */
static double seconds_driven(const struct run *run)
{
    if (run->ended_mono_ns <= run->plan.clock.mono_origin_ns) return 0;
    return (double)(run->ended_mono_ns - run->plan.clock.mono_origin_ns) / (double)NS_PER_S;
}

/* NULL when the profile has no such rule, or without memory. */
static struct abort_fact *abort_facts(const struct abort_rule *rule)
{
    struct abort_fact *facts =
        rule->regions != NULL ? calloc(rule->region_count, sizeof *facts) : NULL;
    for (size_t i = 0; facts != NULL && i < rule->region_count; i++) {
        const struct abort_region *region = &rule->regions[i];
        facts[i] = (struct abort_fact){
            .name = region->name,
            .verdict = abort_verdict_name(region->test.verdict),
            .at_risk = region->sums.at_risk,
            .first_failures = region->sums.first_failures,
        };
    }
    return facts;
}

static cJSON *make_manifest(const struct run *run, bool ended)
{
    struct library_version libraries[LIBRARY_COUNT];
    char shard[24];
    run_plan_shard(&run->plan, shard);
    struct engine_status status;
    library_versions(libraries);
    engine_status(run->engine, &status);
    struct run_facts facts = {
        .id = run->plan.id,
        .profile = run->plan.profile,
        .state = ended ? state_name(&status) : "running",
        .reason = status.reason,
        .started_utc_ns = run->plan.clock.wall_origin_ns,
        .ended_utc_ns = ended ? run_clock_wall_at(&run->plan.clock, run->ended_mono_ns) : 0,
        .clock_speed = run->plan.clock.speed,
        .seed = run->plan.seed,
        .simulated = run->options->simulate,
        .shard = shard,
        .workers = run->plan.workers,
        .elapsed_s = ended ? seconds_driven(run) : 0,
        .health = ended ? status.health : NULL,
        .libraries = libraries,
        .library_count = LIBRARY_COUNT,
    };
    fill_lag(&status, &facts);
    struct abort_fact *abort = ended ? abort_facts(status.abort_rule) : NULL;
    facts.abort = abort;
    facts.abort_count = status.region_count;
    cJSON *manifest = manifest_new(&facts);
    free(abort);
    return manifest;
}

enum err_code run_write_manifest(struct run *run, bool ended, struct error *err)
{
    cJSON *manifest = make_manifest(run, ended);
    if (manifest == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
    enum err_code code = run_writer_manifest(run->writer, manifest, err);
    cJSON_Delete(manifest);
    return code;
}

static enum err_code complete_manifest(const struct run *run, const struct results *results,
                                       struct text *json, struct error *err)
{
    cJSON *manifest = make_manifest(run, true);
    if (manifest == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
    enum err_code code =
        pages_write_manifest(text_str(&run->plan.folder), results, manifest, json, err);
    cJSON_Delete(manifest);
    return code;
}

static enum err_code close_folder(struct run *run, struct error *err)
{
    enum err_code code = run_write_manifest(run, true, err);
    struct error closing = {0};
    enum err_code closed = run_writer_close(run->writer, code == ERR_OK ? err : &closing);
    run->writer = NULL;
    return code == ERR_OK ? closed : code;
}

enum err_code run_finish(struct run *run, struct run_outcome *out, struct error *err)
{
    const char *folder = text_str(&run->plan.folder);
    struct engine_status engine;
    engine_status(run->engine, &engine);
    out->end = engine.end;
    out->valid = engine.health->valid;
    enum err_code code = close_folder(run, err);
    if (code == ERR_OK) code = results_load(folder, NULL, 0, &out->results, err);
    if (code == ERR_OK) code = complete_manifest(run, out->results, &out->json, err);
    if (code == ERR_OK) code = pages_write(folder, out->results, err);
    if (code != ERR_OK) return code;
    out->verdict = results_verdict(out->results);
    out->kept = true;
    return ERR_OK;
}

void run_outcome_free(struct run_outcome *outcome)
{
    results_free(outcome->results);
    text_free(&outcome->json);
}
