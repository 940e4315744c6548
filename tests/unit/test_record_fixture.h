/* A profile and a run folder for the tests of record: two regions, invented events, canaries in
 * every secret. */
#ifndef RUSHHOUR_TESTS_RECORD_FIXTURE_H
#define RUSHHOUR_TESTS_RECORD_FIXTURE_H

#include "base/clock.h"
#include "base/files.h"
#include "base/random.h"
#include "record/attempt.h"
#include "record/evidence.h"
#include "record/manifest.h"
#include "record/run_reader.h"
#include "record/run_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CANARY_KEY "CANARYkey0123456789abcdef"
#define CANARY_HEADER "CANARYheader/value+1234"
#define CANARY_PROXY "CANARYproxyPassword"
#define CANARY_PROMPT "CANARY prompt about otters"
#define CANARY_INSTRUCTIONS "CANARY instructions about otters"

/* 2026-04-14T15:00:00Z. */
#define START_NS INT64_C(1776178800000000000)
#define INTERVAL_NS (10 * NS_PER_S)

enum { REGIONS = 2, INTERVALS_WRITTEN = 6 };

struct fixture {
    char root[64];   /* a fresh folder below /tmp */
    char folder[80]; /* root/run, which does not exist yet */
    struct header header;
    struct region regions[REGIONS];
    struct stage stage;
    struct prompt prompts[1];
    struct profile profile;
    struct run_snapshot run;
    struct cell cells[INTERVALS_WRITTEN][REGIONS];
    struct health health;
};

static inline char *fixture_string(const char *string)
{
    char *copy = strdup(string);
    assert_non_null(copy);
    return copy;
}

static inline void fixture_region(struct region *region, const char *name, enum dialect dialect)
{
    region->name = fixture_string(name);
    region->endpoint = fixture_string("https://contoso.openai.azure.com");
    region->host = fixture_string("contoso.openai.azure.com");
    region->port = 443;
    region->tls = true;
    region->deployment = fixture_string("rt");
    region->model = fixture_string("gpt-realtime");
    region->dialect = dialect;
    region->auth.kind = AUTH_API_KEY;
    region->auth.source = fixture_string("${THE_KEY}");
    region->auth.secret = fixture_string(CANARY_KEY);
    region->weight = 1;
}

static inline void fixture_happen(struct fixture *f)
{
    struct random random;
    random_seed(&random, 99, 0);
    for (int i = 0; i < INTERVALS_WRITTEN; i++) {
        for (int r = 0; r < REGIONS; r++) {
            struct cell *cell = &f->cells[i][r];
            uint64_t *counter = (uint64_t *)&cell->counters;
            for (size_t c = 0; c < offsetof(struct counters, cost_usd) / sizeof *counter; c++) {
                counter[c] = random_below(&random, 100000);
            }
            cell->counters.own_failures = 0; /* every region has the same overall health */
            cell->counters.cached_tokens = cell->counters.input_tokens / 3; /* a part of it */
            cell->counters.cost_usd = random_unit(&random) * 10;
            cell->counters.failed_cost_usd = random_unit(&random);
            cell->counters.hedge_cost_usd = random_unit(&random);
            for (int s = 0; s < 20; s++) {
                uint64_t attempts = 1 + random_below(&random, 30);
                uint64_t failed = random_below(&random, attempts + 1);
                cluster_add(&cell->clusters, attempts, failed,
                            failed > 0 ? 1 + attempts - failed : 0);
            }
            /* Not every metric has values in every interval. */
            for (int m = i; m < METRIC_COUNT; m++) {
                for (int v = 0; v < 50; v++) {
                    cell_latency(cell, (enum metric)m,
                                 (int64_t)(random_exponential(&random) * 2e8));
                }
            }
        }
    }
}

static inline struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    (void)snprintf(f->root, sizeof f->root, "/tmp/rushhour-record-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    (void)snprintf(f->folder, sizeof f->folder, "%s/run", f->root);
    fixture_region(&f->regions[0], "eastus2", DIALECT_GA);
    fixture_region(&f->regions[1], "sweden-central", DIALECT_PREVIEW);
    f->regions[1].api_version = fixture_string("2025-04-01-preview");
    f->regions[0].proxy = fixture_string("http://someone:" CANARY_PROXY "@proxy.example:3128");
    f->regions[0].proxy_source = fixture_string("http://${USER}:${PASSWORD}@proxy.example:3128");
    f->header = (struct header){.name = fixture_string("x-gateway"),
                                .source = fixture_string("${GATEWAY}"),
                                .value = fixture_string(CANARY_HEADER)};
    f->regions[0].headers = &f->header;
    f->regions[0].header_count = 1;
    f->stage = (struct stage){.duration_ns = 60 * NS_PER_S, .target = 5};
    f->prompts[0] = (struct prompt){.text = fixture_string(CANARY_PROMPT),
                                    .length = strlen(CANARY_PROMPT),
                                    .weight = 1,
                                    .until = 1};
    f->profile = (struct profile){
        .file = fixture_string("demo.json"),
        .name = fixture_string("demo"),
        .regions = f->regions,
        .region_count = REGIONS,
        .load = {.max_sessions = 10, .connect_rate = 100, .stages = &f->stage, .stage_count = 1},
        .session = {.interactions = 1,
                    .prompts = f->prompts,
                    .prompt_count = 1,
                    .instructions = fixture_string(CANARY_INSTRUCTIONS)},
        .windows = {.interval_ns = INTERVAL_NS},
        .simulator = {.clock_speed = 1, .clock_start_ns = INT64_MIN},
        .record_attempts = true,
    };
    f->run = (struct run_snapshot){
        .id = "2026-04-14T150000Z-demo",
        .profile = &f->profile,
        .phase = RUN_FINISHED,
        .end = RUN_COMPLETE,
        .reason = "",
        .started_ns = START_NS,
        .ended_ns = START_NS + INTERVALS_WRITTEN * INTERVAL_NS,
        .clock_speed = 1,
        .seed = 42,
        .shard = "1/1",
        .workers = 2,
        .driven_ns = 60250 * NS_PER_MS,
    };
    f->health = (struct health){.loop_delay_p99_ns = 1234567,
                                .loop_delay_max_ns = 7654321,
                                .lag_p99_ns = 999,
                                .lag_max_ns = 1000001,
                                .loops = 1000,
                                .loops_late = 9,
                                .dispatches = 500,
                                .dispatches_late = 1,
                                .wall_ms = 10000,
                                .cpu = 0.1,
                                .requested = 100,
                                .achieved = 99,
                                .achieved_late = 3};
    health_judge(&f->health);
    fixture_happen(f);
    return f;
}

static inline void fixture_free_region(struct region *region)
{
    free(region->name);
    free(region->endpoint);
    free(region->host);
    free(region->deployment);
    free(region->model);
    free(region->api_version);
    free(region->auth.source);
    free(region->auth.secret);
    free(region->proxy);
    free(region->proxy_source);
}

static inline void fixture_free(struct fixture *f)
{
    for (int i = 0; i < INTERVALS_WRITTEN; i++) {
        for (int r = 0; r < REGIONS; r++) cell_free(&f->cells[i][r]);
    }
    for (int r = 0; r < REGIONS; r++) fixture_free_region(&f->regions[r]);
    free(f->header.name);
    free(f->header.source);
    free(f->header.value);
    free(f->prompts[0].text);
    free(f->profile.session.instructions);
    free(f->profile.file);
    free(f->profile.name);
    folder_remove(f->root);
    free(f);
}

/* A failure with a canary in every text. */
/* Records of the regions in turn, no two of which are the same. */
static inline void fixture_evidence(const struct fixture *f, size_t number, struct text *out)
{
    static const struct evidence_header headers[] = {
        {"apim-request-id", "11111111-2222-3333-4444-555555555555"},
        {"x-ms-region", "East US 2"},
        {"set-cookie", "session=CANARYcookie"},
        {"x-echo", "key " CANARY_KEY},
    };
    static const struct evidence_event events[] = {{12.5, "session.created"},
                                                   {99.125, "response.created"}};
    const struct evidence evidence = {
        .transport = "websocket",
        .utc_ns = START_NS + 1500 * NS_PER_MS,
        .region = &f->regions[number % REGIONS],
        .address = "203.0.113.7:443",
        .failure = {.phase = PHASE_RESPONSE,
                    .domain = DOMAIN_SERVICE,
                    .code = "server_error",
                    .catalogue = "F64"},
        .message = "The server had an error; api-key " CANARY_KEY " was sent by session sess_1",
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .session_id = "sess_1",
        .response_id = "resp_1",
        .client_request_id = "c-1",
        .events = events,
        .event_count = sizeof events / sizeof *events,
        .close_code = 1011,
        .close_reason = "bad key " CANARY_KEY,
        .interaction = 2,
        .attempt = 1,
        .decision = "retry_new_session",
        .socket_age_ns = 1500 * NS_PER_MS,
        .turn = 3,
        .elapsed_ns = 1234567890 + (int64_t)(number / REGIONS) * NS_PER_MS,
        .possibly_billed = true,
        .sent = "session.update:213",
    };
    evidence_write(out, &evidence, NULL);
}

static inline void fixture_attempt(const struct fixture *f, size_t number, struct attempt_row *row)
{
    bool failed = number % 5 == 0;
    *row = (struct attempt_row){
        .due_utc_ns = START_NS + (int64_t)number * 700 * NS_PER_MS,
        .region = f->regions[number % REGIONS].name,
        .session_id = "sess_1",
        .turn = number,
        .attempt = 1,
        .outcome = failed ? OUTCOME_FAILED : OUTCOME_OK,
        .code = failed ? "server_error" : "",
        .ttft_us = failed ? -1 : 250000 + (int64_t)number,
        .response_us = 900000,
        .socket_age_ms = 5,
        .input_tokens = 10,
        .output_tokens = 20 + number,
        .end_utc_ns = START_NS + (int64_t)number * 700 * NS_PER_MS + 900 * NS_PER_MS,
        .session_number = number / 4,
        .interaction = number % 4 + 1,
        .response_id = "resp_1",
        .client_request_id = "c-1",
    };
}

enum { ATTEMPTS_WRITTEN = 40, FAILURES_WRITTEN = 8 };

/* Writes the whole run; the folder is then complete. */
static inline void fixture_write(struct fixture *f)
{
    struct run_writer *writer = NULL;
    struct error err = {0};
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = f->folder,
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
                     ERR_OK);
    f->run.health = &f->health;
    cJSON *manifest = manifest_new(&f->run, NULL, 0);
    assert_non_null(manifest);
    assert_int_equal(run_writer_manifest(writer, manifest, &err), ERR_OK);
    cJSON_Delete(manifest);
    struct text text = {0};
    for (size_t i = 0; i < ATTEMPTS_WRITTEN; i++) {
        struct attempt_row row;
        fixture_attempt(f, i, &row);
        attempt_csv_row(&text, &row);
    }
    assert_int_equal(run_writer_attempts(writer, &text, &err), ERR_OK);
    text_clear(&text);
    for (size_t i = 0; i < FAILURES_WRITTEN; i++) fixture_evidence(f, i, &text);
    assert_int_equal(run_writer_failures(writer, &text, &err), ERR_OK);
    text_free(&text);
    for (int i = 0; i < INTERVALS_WRITTEN; i++) {
        int64_t start = START_NS + i * INTERVAL_NS;
        assert_int_equal(
            run_writer_interval(writer, start, start + INTERVAL_NS, f->cells[i], &f->health, &err),
            ERR_OK);
    }
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
}

/* The path of a file of the run folder; valid until the next call. */
static inline const char *fixture_path(const struct fixture *f, const char *name)
{
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", f->folder, name);
    return path;
}

#endif
