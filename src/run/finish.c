#include "cli/command.h"
#include "cli/run.h"
#include "cli/version.h"
#include "report/report.h"
#include "run/pages.h"

#include "base/files.h"
#include "figures/results.h"
#include "record/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    if (run->ended_mono_ns <= run->clock.mono_origin_ns) return 0;
    return (double)(run->ended_mono_ns - run->clock.mono_origin_ns) / (double)NS_PER_S;
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
    run_shard_name(run, shard);
    struct engine_status status;
    library_versions(libraries);
    engine_status(run->engine, &status);
    struct run_facts facts = {
        .id = run->id,
        .profile = run->profile,
        .state = ended ? state_name(&status) : "running",
        .reason = status.reason,
        .started_utc_ns = run->clock.wall_origin_ns,
        .ended_utc_ns = ended ? run_clock_wall_at(&run->clock, run->ended_mono_ns) : 0,
        .clock_speed = run->clock.speed,
        .seed = run->seed,
        .simulated = run->flags.simulate,
        .shard = shard,
        .workers = run->workers,
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
    enum err_code code = pages_write_manifest(text_str(&run->folder), results, manifest, json, err);
    cJSON_Delete(manifest);
    return code;
}

static int exit_status(const struct run *run, const struct engine_status *engine,
                       enum verdict verdict)
{
    if (engine->end == RUN_INTERRUPTED) return 130;
    if (engine->end == RUN_STOPPED_BUDGET) return 5;
    if (engine->end == RUN_STOPPED_RULE) return 99;
    if (engine->end == RUN_FAILED) return 1;
    const char *inconclusive = run->flags.inconclusive;
    switch (verdict) {
    case VERDICT_NONE: /* nothing was judged, but figures that cannot be believed are no success either */
        return engine->health->valid ? 0 : 4;
    case VERDICT_PASS:
        return 0;
    case VERDICT_FAIL:
        return 99;
    case VERDICT_INVALID:
        return 4;
    case VERDICT_INCONCLUSIVE:
        if (inconclusive == NULL) return 3;
        return strcmp(inconclusive, "pass") == 0 ? 0 : 99;
    }
    return 1;
}

static int print_result(const struct run *run, const struct results *results,
                        const struct text *json)
{
    if (run->flags.json) return print_out(text_str(json));
    if (run->flags.quiet) return 0;
    struct text out = {0};
    results_text(results, wants_colour(STDOUT_FILENO, run->flags.no_color), &out);
    const char *folder = text_str(&run->folder);
    text_printf(&out, "\nrun folder  %s\nreport      %s/report.html\n", folder, folder);
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

enum err_code run_finish(struct run *run, int *status, struct error *err)
{
    struct engine_status engine;
    engine_status(run->engine, &engine);
    enum err_code code = run_write_manifest(run, true, err);
    struct error closing = {0};
    enum err_code closed = run_writer_close(run->writer, code == ERR_OK ? err : &closing);
    run->writer = NULL;
    if (code == ERR_OK) code = closed;
    if (code != ERR_OK) return code;
    struct results *results = NULL;
    code = results_load(text_str(&run->folder), NULL, 0, &results, err);
    if (code != ERR_OK) return code;
    struct text json = {0};
    code = complete_manifest(run, results, &json, err);
    if (code == ERR_OK) code = pages_write(text_str(&run->folder), results, err);
    if (code == ERR_OK) {
        *status = exit_status(run, &engine, results_verdict(results));
        if (print_result(run, results, &json) != 0) *status = 1;
    }
    text_free(&json);
    results_free(results);
    return code;
}
