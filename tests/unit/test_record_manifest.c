#include "test_record_fixture.h"

static const cJSON *at(const cJSON *parent, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(parent, key);
    if (item == NULL) fail_msg("no key \"%s\"", key);
    return item;
}

static void assert_has(const cJSON *parent, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) (void)at(parent, keys[i]);
}

#define HAS(parent, ...)                                                                           \
    do {                                                                                           \
        static const char *const wanted_keys[] = {__VA_ARGS__};                                    \
        assert_has(parent, wanted_keys, sizeof wanted_keys / sizeof *wanted_keys);                 \
    } while (0)

static void test_the_contract_keys_are_there(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    static const struct library_version libraries[] = {{"libuv", "1.44.2"}, {"zlib", "1.2.13"}};
    struct cell totals[2] = {0};
    const struct region_snapshot regions[] = {{.region = &f->regions[0], .totals = &totals[0]},
                                              {.region = &f->regions[1], .totals = &totals[1]}};
    for (int i = 0; i < 97; i++) cell_latency(&totals[i % 2], METRIC_LAG, 40 * NS_PER_MS / 1000);
    cell_latency(&totals[0], METRIC_LAG, 1500 * NS_PER_MS / 1000);
    cell_latency(&totals[1], METRIC_LAG, 1500 * NS_PER_MS / 1000);
    cell_latency(&totals[1], METRIC_LAG, 20 * NS_PER_MS);
    f->run.regions = regions;
    f->run.region_count = 2;
    f->run.health = &f->health;
    cJSON *manifest = manifest_new(&f->run, libraries, 2);
    assert_non_null(manifest);
    HAS(manifest, "format", "tool", "run", "host", "load", "profile", "generator");
    assert_int_equal(at(manifest, "format")->valueint, 1);
    const cJSON *tool = at(manifest, "tool");
    HAS(tool, "name", "version", "commit");
    assert_string_equal(at(at(tool, "libraries"), "zlib")->valuestring, "1.2.13");
    const cJSON *run = at(manifest, "run");
    HAS(run, "simulated", "shard", "workers", "clock_speed", "written");
    assert_string_equal(at(run, "id")->valuestring, "2026-04-14T150000Z-demo");
    assert_string_equal(at(run, "profile")->valuestring, "demo");
    assert_string_equal(at(run, "state")->valuestring, "complete");
    assert_string_equal(at(run, "started")->valuestring, "2026-04-14T15:00:00.000Z");
    assert_string_equal(at(run, "ended")->valuestring, "2026-04-14T15:01:00.000Z");
    assert_true(cJSON_IsNull(at(run, "reason")));
    assert_true(at(run, "elapsed_s")->valuedouble == 60.25);
    const cJSON *host = at(manifest, "host");
    HAS(host, "os", "kernel", "architecture", "memory_bytes", "time_zone");
    assert_true(at(host, "cpus")->valuedouble >= 1);
    const cJSON *generator = at(manifest, "generator");
    HAS(generator, "loop_delay_ms", "requested", "achieved", "achieved_late");
    assert_true(at(at(generator, "lag_ms"), "p99")->valuedouble == 1.5);
    assert_true(at(at(generator, "lag_ms"), "max")->valuedouble == 20.015); /* 3 digits */
    assert_true(at(at(generator, "loop_delay_ms"), "p99")->valuedouble == 1.234567);
    assert_true(at(generator, "cpu")->valuedouble == 0.1);
    assert_true(cJSON_IsTrue(at(generator, "trustworthy")));
    assert_true(cJSON_IsNull(at(generator, "why")));
    cJSON_Delete(manifest);
    for (size_t i = 0; i < 2; i++) cell_free(&totals[i]);
    fixture_free(f);
}

static void test_what_a_running_run_does_not_know_is_null(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->run.phase = RUN_RUNNING;
    f->run.ended_ns = 0;
    f->run.health = &f->health; /* no verdict on the run so far */
    cJSON *manifest = manifest_new(&f->run, NULL, 0);
    assert_non_null(manifest);
    assert_true(cJSON_IsNull(at(at(manifest, "run"), "ended")));
    const cJSON *generator = at(manifest, "generator");
    assert_true(cJSON_IsNull(at(generator, "trustworthy")));
    assert_true(cJSON_IsNull(at(generator, "cpu")));
    assert_true(cJSON_IsNull(at(at(generator, "lag_ms"), "p50")));
    assert_true(cJSON_IsNull(at(at(generator, "loop_delay_ms"), "max")));
    cJSON_Delete(manifest);
    fixture_free(f);
}

static void test_the_state_is_how_it_ended(void **state)
{
    static const struct {
        enum run_phase phase;
        enum run_end end;
        const char *state;
    } rows[] = {
        {RUN_STARTING, RUN_COMPLETE, "running"},
        {RUN_RUNNING, RUN_COMPLETE, "running"},
        {RUN_DRAINING, RUN_INTERRUPTED, "running"},
        {RUN_FINISHED, RUN_COMPLETE, "complete"},
        {RUN_FINISHED, RUN_INTERRUPTED, "interrupted"},
        {RUN_FINISHED, RUN_STOPPED_BUDGET, "stopped"},
        {RUN_FINISHED, RUN_STOPPED_RULE, "stopped"},
        {RUN_FINISHED, RUN_FAILED, "stopped"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(run_state_name(rows[i].phase, rows[i].end), rows[i].state);
}

/* `--seed` must repeat the run, even with a seed of twenty digits. */
static void test_a_seed_is_written_digit_by_digit(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        const char *json;
    } rows[] = {
        {0, "\"seed\":0,"},
        {42, "\"seed\":42,"},
        {999999999999999u, "\"seed\":999999999999999,"},
        {1000000000000001u, "\"seed\":1000000000000001,"},
        {9007199254740992u, "\"seed\":9007199254740992,"},
        {9007199254740993u, "\"seed\":9007199254740993,"},
        {UINT64_MAX, "\"seed\":18446744073709551615,"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture *f = fixture_new();
        f->run.seed = rows[i].seed;
        cJSON *manifest = manifest_new(&f->run, NULL, 0);
        char *json = cJSON_PrintUnformatted(manifest);
        assert_non_null(json);
        assert_non_null(strstr(json, rows[i].json));
        cJSON_free(json);
        cJSON_Delete(manifest);
        fixture_free(f);
    }
}

static void test_load_and_profile_come_from_the_profile_without_its_secrets(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    cJSON *manifest = manifest_new(&f->run, NULL, 0);
    assert_non_null(manifest);
    assert_string_equal(at(at(manifest, "load"), "model")->valuestring, "sessions");
    const cJSON *regions = at(at(manifest, "profile"), "regions");
    assert_int_equal(cJSON_GetArraySize(regions), REGIONS);
    assert_string_equal(at(cJSON_GetArrayItem(regions, 1), "name")->valuestring, "sweden-central");
    char *json = cJSON_PrintUnformatted(manifest);
    assert_non_null(json);
    assert_null(strstr(json, "CANARY"));
    cJSON_free(json);
    cJSON_Delete(manifest);
    fixture_free(f);
}

/* Run folders are handed to others, so the machine's name is left out. */
static void test_the_host_is_not_named(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    cJSON *manifest = manifest_new(&f->run, NULL, 0);
    assert_null(cJSON_GetObjectItemCaseSensitive(at(manifest, "host"), "hostname"));
    assert_null(cJSON_GetObjectItemCaseSensitive(at(manifest, "host"), "name"));
    cJSON_Delete(manifest);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_contract_keys_are_there),
        cmocka_unit_test(test_what_a_running_run_does_not_know_is_null),
        cmocka_unit_test(test_the_state_is_how_it_ended),
        cmocka_unit_test(test_a_seed_is_written_digit_by_digit),
        cmocka_unit_test(test_load_and_profile_come_from_the_profile_without_its_secrets),
        cmocka_unit_test(test_the_host_is_not_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
