/* Run folders of simulated services (service_scenario.h), written and read back as the commands
 * do, without attempts.csv. */
#ifndef RUSHHOUR_BENCH_SERVICE_FOLDER_H
#define RUSHHOUR_BENCH_SERVICE_FOLDER_H

#include "service_scenario.h"

#include "base/clock.h"
#include "base/files.h"
#include "figures/results.h"
#include "profile/profile.h"
#include "record/manifest.h"
#include "record/run_writer.h"

#include <stdio.h>

#define START INT64_C(1776171600) /* 2026-04-14T13:00:00Z */

static inline void must(enum err_code code, const struct error *err)
{
    if (code == ERR_OK) return;
    (void)fprintf(stderr, "%s\n", err->text);
    exit(1);
}

/* Where runs are written, and what they are runs of. */
struct scratch {
    char root[64];
    struct profile *profile;
};

/* `thresholds` as in a profile, each in its quotes. */
static inline void scratch_open(struct scratch *scratch, const char *thresholds)
{
    struct error err = {0};
    char json[1024];
    (void)snprintf(scratch->root, sizeof scratch->root, "/tmp/rushhour-verdicts-XXXXXX");
    if (mkdtemp(scratch->root) == NULL) exit(1);
    int length = snprintf(
        json, sizeof json,
        "{\"name\":\"v\",\"regions\":[{\"name\":\"a\",\"endpoint\":\"https://"
        "a.openai.azure.com\",\"deployment\":\"d\",\"auth\":{\"api_key\":\"${K}\"}},{\"name\":"
        "\"b\",\"endpoint\":\"https://b.openai.azure.com\",\"deployment\":\"d\",\"auth\":{"
        "\"api_key\":\"${K}\"}}],\"load\":{\"stages\":[{\"duration\":\"1h\",\"target\":15}]},"
        "\"record\":{\"attempts\":false},\"thresholds\":[%s]}",
        thresholds);
    must(profile_parse("bench.json", json, (size_t)length, &scratch->profile, &err), &err);
}

static inline void scratch_close(struct scratch *scratch)
{
    folder_remove(scratch->root);
    profile_free(scratch->profile);
}

/* Block i of a run, one of whose stretches ends with it or not. */
static inline void fill(struct cell *cell, const struct scenario_run *run, size_t i)
{
    cell_reset(cell);
    cell->counters.attempts_failed = (uint64_t)run->blocks[i].failures;
    cell->counters.attempts_ok = (uint64_t)(run->blocks[i].attempts - run->blocks[i].failures);
    /* The sums over sessions matter only as a whole. */
    if (i + 1 == run->count) cell->clusters = run->chains;
}

static inline void write_manifest(struct run_writer *writer, const struct profile *profile,
                                  int64_t ended_ns)
{
    struct error err = {0};
    const struct run_snapshot snapshot = {.id = "bench",
                                          .profile = profile,
                                          .phase = RUN_FINISHED,
                                          .reason = "",
                                          .started_ns = START * NS_PER_S,
                                          .ended_ns = ended_ns,
                                          .clock_speed = 1,
                                          .simulated = true,
                                          .shard = "1/1",
                                          .workers = 1,
                                          .driven_ns = NS_PER_S};
    cJSON *manifest = manifest_new(&snapshot, NULL, 0);
    if (manifest == NULL) exit(1);
    must(run_writer_manifest(writer, manifest, &err), &err);
    cJSON_Delete(manifest);
}

/* Writes two regions in the same minutes as a run, and reads it back; the caller's. */
static inline struct results *run_of(const struct scratch *scratch, const struct scenario_run *a,
                                     const struct scenario_run *b)
{
    struct error err = {0};
    char folder[80];
    struct run_writer *writer;
    struct cell cells[2] = {0};
    struct health health = {.cpu = 0.1, .wall_ms = 1000};
    int64_t end_ns = 0;
    health_judge(&health);
    (void)snprintf(folder, sizeof folder, "%s/run", scratch->root);
    const struct run_writer_plan plan = {
        .path = folder, .profile = scratch->profile, .start_utc_ns = START * NS_PER_S};
    must(run_writer_open(&plan, &writer, &err), &err);
    for (size_t i = 0; i < a->count; i++) {
        int64_t start_ns = (START + (int64_t)a->blocks[i].start) * NS_PER_S;
        end_ns = start_ns + (int64_t)SCENARIO_BASE * NS_PER_S;
        fill(&cells[0], a, i);
        fill(&cells[1], b, i);
        must(run_writer_interval(writer, start_ns, end_ns, cells, &health, &err), &err);
    }
    write_manifest(writer, scratch->profile, end_ns);
    must(run_writer_close(writer, &err), &err);
    for (size_t r = 0; r < 2; r++) cell_free(&cells[r]);
    struct results *results;
    must(results_load(folder, NULL, 0, &results, &err), &err);
    folder_remove(folder);
    return results;
}

#endif
