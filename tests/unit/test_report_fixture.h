/* Writes small run folders with known figures, through the writer of record/. */
#ifndef RUSHHOUR_TESTS_REPORT_FIXTURE_H
#define RUSHHOUR_TESTS_REPORT_FIXTURE_H

#include "base/clock.h"
#include "base/files.h"
#include "figures/results.h"
#include "realtime/failure.h"
#include "record/attempt.h"
#include "record/evidence.h"
#include "record/manifest.h"
#include "record/run_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-04-14T13:00:00Z, 06:00 in Los Angeles. */
#define SIX_PDT INT64_C(1776171600000000000)
#define HOUR (3600 * NS_PER_S)

struct maker {
    char root[64], folder[80];
    struct profile *profile;
    struct run_writer *writer;
    struct cell *cells; /* of the current interval, one per region */
    struct health health;
    struct text rows, lines;
    int64_t start_ns, end_ns; /* of the current interval */
    int64_t first_ns;
};

static inline struct maker *maker_new(const char *profile_json, const char *hostile_region)
{
    struct error err = {0};
    struct maker *m = calloc(1, sizeof *m);
    assert_non_null(m);
    (void)snprintf(m->root, sizeof m->root, "/tmp/rushhour-report-XXXXXX");
    assert_non_null(mkdtemp(m->root));
    (void)snprintf(m->folder, sizeof m->folder, "%s/run", m->root);
    if (profile_parse("test.json", profile_json, strlen(profile_json), &m->profile, &err) !=
        ERR_OK) {
        fail_msg("%s", err.text);
    }
    if (hostile_region != NULL) {
        free(m->profile->regions[0].name);
        m->profile->regions[0].name = strdup(hostile_region);
    }
    m->cells = calloc(m->profile->region_count, sizeof *m->cells);
    assert_non_null(m->cells);
    m->health.cpu = 0.1;
    m->health.wall_ms = 1000;
    health_judge(&m->health);
    return m;
}

static inline void maker_interval(struct maker *m, int64_t start_ns, int64_t end_ns)
{
    struct error err = {0};
    if (m->writer == NULL) {
        m->first_ns = start_ns;
        if (run_writer_open(&(struct run_writer_plan){.path = m->folder,
                                                      .profile = m->profile,
                                                      .start_utc_ns = start_ns},
                            &m->writer, &err) != ERR_OK)
            fail_msg("%s", err.text);
    }
    m->start_ns = start_ns;
    m->end_ns = end_ns;
}

static inline void maker_failure(struct maker *m, size_t region, const char *code)
{
    static const struct failure_class fallback = {.phase = PHASE_RESPONSE,
                                                  .domain = DOMAIN_SERVICE,
                                                  .code = "",
                                                  .catalogue = "unknown",
                                                  .advice = ""};
    const struct failure_class *known = failure_class_of(code);
    struct evidence evidence = {.transport = "websocket",
                                .utc_ns = m->end_ns - NS_PER_MS,
                                .region = &m->profile->regions[region],
                                .failure = known == NULL ? fallback : *known,
                                .address = "",
                                .message = "",
                                .client_request_id = "",
                                .session_id = "sess_x",
                                .response_id = "",
                                .event_id = "",
                                .close_reason = "",
                                .attempt = 1,
                                .decision = "give_up",
                                .sent = ""};
    evidence.failure.code = code;
    evidence_write(&m->lines, &evidence, NULL);
}

/* Sessions end all over the interval, whatever their numbers: by a multiplicative hash (Knuth). */
static inline int64_t maker_moment(const struct maker *m, uint64_t number)
{
    uint64_t spread = number * UINT64_C(2654435761) % 1000;
    return m->start_ns + (m->end_ns - m->start_ns) / 1000 * (int64_t)spread;
}

/* A session in which each letter is an attempt that ends in this interval: '.' ok after ttft_ms,
 * 'F' failed, 'Q' refused by a quota. */
static inline void maker_session(struct maker *m, size_t region, uint64_t number,
                                 const char *attempts, double ttft_ms)
{
    struct cell *cell = &m->cells[region];
    uint64_t failed = 0;
    uint64_t first = 0;
    char id[32];
    (void)snprintf(id, sizeof id, "sess_%llu", (unsigned long long)number);
    for (uint64_t i = 1; attempts[i - 1] != '\0'; i++) {
        bool bad = attempts[i - 1] != '.';
        const char *code = attempts[i - 1] == 'Q' ? "upgrade_429" : "server_error";
        struct attempt_row row = {.due_utc_ns = m->start_ns,
                                  .region = m->profile->regions[region].name,
                                  .session_id = id,
                                  .turn = i,
                                  .attempt = 1,
                                  .outcome = bad ? OUTCOME_FAILED : OUTCOME_OK,
                                  .code = bad ? code : "",
                                  .ttft_us = bad ? -1 : (int64_t)(ttft_ms * 1e3),
                                  .response_us = -1,
                                  .socket_age_ms = -1,
                                  .end_utc_ns = maker_moment(m, number),
                                  .session_number = number,
                                  .interaction = i,
                                  .response_id = "",
                                  .client_request_id = ""};
        attempt_csv_row(&m->rows, &row);
        cell->counters.attempts_started++;
        if (bad) {
            if (failed++ == 0) first = i;
            cell->counters.attempts_failed++;
            cell->counters.interactions_failed++;
            maker_failure(m, region, code);
        } else {
            cell->counters.attempts_ok++;
            cell->counters.interactions_ok++;
            cell_latency(cell, METRIC_TTFT, (int64_t)(ttft_ms * 1e6));
        }
    }
    cell->counters.sessions_started++;
    cell->counters.sessions_opened++;
    cell->counters.sessions_ended++;
    cell->counters.sessions_with_attempts += strlen(attempts) > 0;
    cell->counters.sessions_with_failure += failed > 0;
    cluster_add(&cell->clusters, strlen(attempts), failed, first);
}

/* Writes the current interval. */
static inline void maker_write(struct maker *m)
{
    struct error err = {0};
    if (m->profile->record_attempts && run_writer_attempts(m->writer, &m->rows, &err) != ERR_OK)
        fail_msg("%s", err.text);
    if (run_writer_failures(m->writer, &m->lines, &err) != ERR_OK) fail_msg("%s", err.text);
    if (run_writer_interval(m->writer, m->start_ns, m->end_ns, m->cells, &m->health, &err) !=
        ERR_OK) {
        fail_msg("%s", err.text);
    }
    text_clear(&m->rows);
    text_clear(&m->lines);
    for (size_t r = 0; r < m->profile->region_count; r++) cell_reset(&m->cells[r]);
}

static inline void maker_finish(struct maker *m, const char *state)
{
    struct error err = {0};
    bool running = strcmp(state, "running") == 0;
    struct run_snapshot run = {.id = "2026-04-14T130000Z-test",
                               .profile = m->profile,
                               .phase = running ? RUN_RUNNING : RUN_FINISHED,
                               .reason = "",
                               .started_ns = m->first_ns,
                               .ended_ns = running ? 0 : m->end_ns,
                               .clock_speed = 1500,
                               .seed = 1,
                               .simulated = true,
                               .shard = "1/1",
                               .workers = 1,
                               .driven_ns = NS_PER_S};
    cJSON *manifest = manifest_new(&run, NULL, 0);
    assert_non_null(manifest);
    if (run_writer_manifest(m->writer, manifest, &err) != ERR_OK) fail_msg("%s", err.text);
    cJSON_Delete(manifest);
    if (run_writer_close(m->writer, &err) != ERR_OK) fail_msg("%s", err.text);
    m->writer = NULL;
}

static inline struct results *maker_load(const struct maker *m, const struct window *windows,
                                         size_t count)
{
    struct error err = {0};
    struct results *results;
    if (results_load(m->folder, windows, count, &results, &err) != ERR_OK) fail_msg("%s", err.text);
    return results;
}

static inline void maker_free(struct maker *m)
{
    for (size_t r = 0; r < m->profile->region_count; r++) cell_free(&m->cells[r]);
    free(m->cells);
    text_free(&m->rows);
    text_free(&m->lines);
    profile_free(m->profile);
    folder_remove(m->root);
    free(m);
}

/* The hours of the reference incident (Microsoft Q&A 5859586): 06:00 PDT 997 sessions, 8 failures;
 * 08:00 893 and 135. */
#define INCIDENT_PROFILE(thresholds)                                                               \
    "{\"name\":\"incident\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":"                      \
    "\"https://"                                                                                   \
    "contoso.openai.azure.com\",\"deployment\":\"rt\",\"dialect\":\"ga\",\"auth\":{\"api_key\":"   \
    "\"${KEY}\"}}],\"load\":{\"model\":\"sessions\",\"stages\":[{\"duration\":\"3h\",\"target\":"  \
    "1}]},"                                                                                        \
    "\"session\":{\"prompts\":[\"Say OK.\"]},\"windows\":{\"interval\":\"1h\",\"report\":[\"1h\"," \
    "\"peak=07:00-09:00@America/Los_Angeles\"]},\"thresholds\":[" thresholds "]}"

static inline void maker_incident(struct maker *m)
{
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    for (uint64_t i = 1; i <= 997; i++) maker_session(m, 0, i, i <= 8 ? "F" : ".", (double)i - 8);
    maker_write(m);
    maker_interval(m, SIX_PDT + 2 * HOUR, SIX_PDT + 3 * HOUR);
    for (uint64_t i = 1; i <= 893; i++)
        maker_session(m, 0, 2000 + i, i <= 135 ? "F" : ".", (double)i - 135);
    maker_write(m);
}

#endif
