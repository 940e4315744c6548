/* A search for a capacity before and behind the drive: what is asked, where it begins, and what the
 * folder of a level says. */
#include "run/capacity.h"
#include "run/capacity_observe.h"
#include "test_report_fixture.h"

#include <math.h>

#define LEVEL_PROFILE(more)                                                                        \
    "{\"name\":\"level\",\"regions\":["                                                            \
    "{\"name\":\"east\",\"endpoint\":\"https://a.openai.azure.com\",\"deployment\":\"d\","         \
    "\"auth\":{\"api_key\":\"${KEY}\"},\"quota\":{\"rpm\":1200}}],"                                \
    "\"load\":{\"model\":\"arrivals\",\"arrival\":\"even\","                                       \
    "\"stages\":[{\"duration\":\"1h\",\"target\":\"60/m\"}]},"                                     \
    "\"session\":{\"interactions\":3,\"think_time\":\"2s\",\"prompts\":[\"Say OK.\"]},"            \
    "\"windows\":{\"interval\":\"10s\"}" more "}"

#define SLICE (10 * NS_PER_S)

static void interval(struct maker *m, int number, bool valid)
{
    m->health.valid = valid;
    m->health.loops = 100;
    m->health.loops_late = valid ? 0 : 50;
    health_judge(&m->health);
    maker_interval(m, SIX_PDT + number * SLICE, SIX_PDT + (number + 1) * SLICE);
}

/* Five intervals: one to settle, two that count with a bad one of this machine between them, and
 * the last one left out. */
static void only_what_was_driven_well_is_evidence(void **state)
{
    static const struct capacity_objective asked[] = {
        {.threshold = {.kind = THRESHOLD_ATTEMPT_RATE}},
        {.threshold = {.kind = THRESHOLD_SHARE, .metric = METRIC_TTFT, .slower_than_us = 1e6}},
        {.threshold = {.kind = THRESHOLD_SHARE,
                       .metric = METRIC_TTFT,
                       .slower_than_us = 1,
                       .region = "west"}}};
    static const struct capacity_driven open = {.settle_ns = SLICE, .end_ns = 4 * SLICE};
    struct maker *m = maker_new(LEVEL_PROFILE(""), NULL);
    struct capacity_seen seen;
    struct error err = {0};
    (void)state;
    interval(m, 0, true);
    maker_session(m, 0, 1, "FFFF", 1);
    maker_write(m);
    interval(m, 1, true);
    maker_session(m, 0, 2, "..F.", 100);
    maker_session(m, 0, 3, "Q", 100);
    maker_session(m, 0, 4, "....", 1500);
    maker_write(m);
    interval(m, 2, false);
    maker_session(m, 0, 5, "QQQQ", 1);
    maker_write(m);
    interval(m, 3, true);
    maker_session(m, 0, 6, "..", 900);
    maker_session(m, 0, 2, "F", 900); /* the same session goes on */
    maker_write(m);
    interval(m, 4, true);
    maker_session(m, 0, 7, "FF", 1);
    maker_write(m);
    maker_finish(m, "complete");
    if (capacity_observe(m->folder, asked, 3, &open, &seen, &err) != ERR_OK)
        fail_msg("%s", err.text);
    static const struct {
        uint64_t key;
        unsigned attempts, failed, slow;
    } rows[] = {{2, 5, 2, 2}, {3, 1, 1, 1}, {4, 4, 0, 4}, {6, 2, 0, 0}};
    assert_int_equal(seen.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(seen.sessions[i].key, rows[i].key);
        assert_int_equal(seen.sessions[i].attempts, rows[i].attempts);
        assert_int_equal(seen.sessions[i].bad[0], rows[i].failed);
        assert_int_equal(seen.sessions[i].bad[1], rows[i].slow);   /* failed ones are slow, too */
        assert_int_equal(seen.sessions[i].bad[2], rows[i].failed); /* of another region */
    }
    assert_true(fabs(seen.seconds - 20) < 1e-9 && fabs(seen.asked_seconds - 30) < 1e-9);
    assert_non_null(strstr(seen.why, "loop turns"));
    assert_true(seen.facts.refused == 1 && seen.facts.failed == 2 && seen.facts.slow == 4);
    assert_true(seen.connections == 5 && seen.responses == 12);
    assert_int_equal(seen.attempts, 4 + 9 + 4 + 3 + 2); /* what was paid for */
    capacity_seen_free(&seen);
    maker_free(m);
}

/* A closed level that load.connect_rate kept from being reached is no evidence; one that lacks
 * sessions though dials are left over is the service's. */
static void a_starved_level_is_no_evidence(void **state)
{
    static const struct {
        double open;
        uint64_t dials; /* in ten seconds, of 20 */
        bool counts;
    } rows[] = {{10, 12, true}, {9.6, 20, true}, {7, 20, false}, {7, 19, false}, {7, 12, true}};
    static const struct capacity_objective asked = {.threshold = {.kind = THRESHOLD_ATTEMPT_RATE}};
    const int count = (int)(sizeof rows / sizeof *rows);
    const struct capacity_driven closed = {
        .end_ns = count * SLICE, .sessions = 10, .connect_rate = 2};
    struct maker *m = maker_new(LEVEL_PROFILE(""), NULL);
    struct capacity_seen seen;
    struct error err = {0};
    double seconds = 0;
    (void)state;
    for (int i = 0; i < count; i++) {
        interval(m, i, true);
        struct cell *cell = &m->cells[0];
        maker_session(m, 0, (uint64_t)i + 1, "....", 100);
        cell->counters.sessions_started = rows[i].dials;
        cell->concurrency.known_ns = SLICE;
        for (int level = 0; level < LEVEL_COUNT; level++) {
            cell->concurrency.of[level].sum_s = rows[i].open * 10;
            cell->concurrency.of[level].peak = 10;
        }
        maker_write(m);
        seconds += rows[i].counts ? 10 : 0;
    }
    maker_finish(m, "complete");
    if (capacity_observe(m->folder, &asked, 1, &closed, &seen, &err) != ERR_OK)
        fail_msg("%s", err.text);
    assert_true(fabs(seen.seconds - seconds) < 1e-9);
    assert_int_equal(seen.count, 3);
    assert_non_null(strstr(seen.why, "load.connect_rate"));
    capacity_seen_free(&seen);
    maker_free(m);
}

static struct profile *profile_of(const char *json)
{
    struct profile *profile = NULL;
    struct error err = {0};
    if (profile_parse("level.json", json, strlen(json), &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    return profile;
}

static const struct capacity_options usual = {
    .run = {.simulate = true}, .confidence = 0.95, .step = 0.05};

/* Which of the profile's thresholds are asked of a level, and as which share. */
static void thresholds_become_objectives(void **state)
{
    struct capacity capacity;
    struct error err = {0};
    (void)state;
    struct profile *profile = profile_of(
        LEVEL_PROFILE(",\"thresholds\":[\"failure_rate < 3%\",\"interaction_failure_rate < 1%\","
                      "\"ttft.p95{region=east} < 1.5s\",\"dial.p99 < 1s\",\"share(response > 2s) < "
                      "4%\",\"failure_rate > 0.1%\"]"));
    assert_int_equal(capacity_open(&capacity, NULL, profile, &usual, &err), ERR_OK);
    assert_int_equal(capacity.objective_count, 3);
    assert_true(fabs(capacity.objectives[0].limit - 0.03) < 1e-9);
    assert_true(fabs(capacity.objectives[1].limit - 0.05) < 1e-9);
    assert_int_equal(capacity.objectives[1].threshold.kind, THRESHOLD_SHARE);
    assert_true(fabs(capacity.objectives[1].threshold.slower_than_us - 1.5e6) < 1e-3);
    assert_true(fabs(capacity.objectives[2].limit - 0.04) < 1e-9);
    /* a quarter of the quota of 1,200 connections, which are sessions here */
    assert_true(fabs(60 * capacity.regions[0].search.level - 300) < 6);
    capacity_free(&capacity);
    profile = profile_of(LEVEL_PROFILE(""));
    assert_int_equal(capacity_open(&capacity, NULL, profile, &usual, &err), ERR_OK);
    assert_string_equal(capacity.objectives[0].expression, "failure_rate < 1%");
    capacity_free(&capacity);
}

static void what_no_level_can_tell_is_refused(void **state)
{
    static const char *const rows[] = {"interaction_failure_rate < 1%",
                                       "session_failure_rate < 1%",
                                       "dial.p99 < 1s",
                                       "failure_rate > 1%",
                                       "failure_rate < 0%",
                                       "ttft.max < 1s",
                                       "failure_rate{window=peak} < 1%"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct capacity capacity;
        struct error err = {0};
        struct capacity_options options = usual;
        options.objectives = &rows[i];
        options.objective_count = 1;
        assert_int_equal(
            capacity_open(&capacity, NULL, profile_of(LEVEL_PROFILE("")), &options, &err),
            ERR_USAGE);
        assert_non_null(strstr(err.text, rows[i]));
        capacity_free(&capacity);
    }
}

/* What a quota request has to ask for, against what the sessions will ask the service. */
static void a_target_says_what_it_takes(void **state)
{
    static const struct {
        enum load_model model;
        double target, rpm; /* a second, or sessions */
    } rows[] = {{LOAD_ARRIVALS, 1, 60}, {LOAD_ARRIVALS, 10, 600}, {LOAD_SESSIONS, 500, 0}};
    double tokens_each = 0;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct capacity capacity;
        struct error err = {0};
        struct text out = {0};
        struct capacity_options options = usual;
        options.target =
            (struct steady_load){.asked = true, .model = rows[i].model, .target = rows[i].target};
        struct profile *profile = profile_of(
            "{\"name\":\"t\",\"regions\":[{\"name\":\"a\",\"endpoint\":\"https://"
            "a.example.com\",\"deployment\":\"d\",\"quota\":{\"rpm\":200,\"tpm\":1000000}}],"
            "\"load\":{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_rate\":\"5000/s\","
            "\"stages\":[{\"duration\":\"1m\",\"target\":\"1/s\"}]},"
            "\"session\":{\"interactions\":1,\"max_output_tokens\":1000,"
            "\"prompts\":[\"Say OK.\"]}}");
        assert_int_equal(capacity_open(&capacity, NULL, profile, &options, &err), ERR_OK);
        capacity_json(&capacity, &out);
        cJSON *root = cJSON_Parse(text_str(&out));
        const cJSON *target = cJSON_GetObjectItemCaseSensitive(root, "target");
        const cJSON *region =
            cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(target, "regions"), 0);
        const double rpm = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(region, "rpm"));
        const double tpm = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(region, "tpm"));
        if (rows[i].rpm > 0 && fabs(rpm - rows[i].rpm) > 6) fail_msg("%g RPM", rpm);
        /* a new session for each that has ended, and of each the input and what it may answer */
        if (rows[i].model == LOAD_SESSIONS) assert_true(rpm >= 500 * 60 / 3.0);
        if (tokens_each > 0) assert_true(fabs(tpm / rpm / tokens_each - 1) < 0.02);
        tokens_each = tpm / rpm;
        assert_true(tokens_each > 1000 && tokens_each < 1100);
        assert_true(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(region, "rpm_now")) ==
                    200);
        assert_string_equal(
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(region, "measured")),
            "not_measured");
        text_clear(&out);
        capacity_plan_text(&capacity, &out);
        assert_non_null(strstr(text_str(&out), "Quota request for "));
        assert_true((strstr(text_str(&out), "(now 200, enough)") != NULL) == (rpm <= 200));
        text_free(&out);
        cJSON_Delete(root);
        capacity_free(&capacity);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_driven_well_is_evidence),
        cmocka_unit_test(a_starved_level_is_no_evidence),
        cmocka_unit_test(a_target_says_what_it_takes),
        cmocka_unit_test(thresholds_become_objectives),
        cmocka_unit_test(what_no_level_can_tell_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
