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
    f->facts.libraries = libraries;
    f->facts.library_count = 2;
    f->facts.health = &f->health;
    f->facts.lag_p50_us = 40;
    f->facts.lag_p99_us = 1500;
    f->facts.lag_max_us = 20000;
    cJSON *manifest = manifest_new(&f->facts);
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
    HAS(generator, "loop_delay_ms", "requested", "achieved");
    assert_true(at(at(generator, "lag_ms"), "p99")->valuedouble == 1.5);
    assert_true(at(at(generator, "lag_ms"), "max")->valuedouble == 20);
    assert_true(at(at(generator, "loop_delay_ms"), "p99")->valuedouble == 1.234567);
    assert_true(at(generator, "cpu")->valuedouble == 0.1);
    assert_true(cJSON_IsTrue(at(generator, "trustworthy")));
    assert_true(cJSON_IsNull(at(generator, "why")));
    cJSON_Delete(manifest);
    fixture_free(f);
}

static void test_what_a_running_run_does_not_know_is_null(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->facts.ended_utc_ns = 0;
    cJSON *manifest = manifest_new(&f->facts);
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

/* `--seed` must bring the run back, also with a seed of twenty digits. */
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
        f->facts.seed = rows[i].seed;
        cJSON *manifest = manifest_new(&f->facts);
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
    cJSON *manifest = manifest_new(&f->facts);
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

/* Run folders are handed to others: the machine's name stays at home. */
static void test_the_host_is_not_named(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    cJSON *manifest = manifest_new(&f->facts);
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
        cmocka_unit_test(test_a_seed_is_written_digit_by_digit),
        cmocka_unit_test(test_load_and_profile_come_from_the_profile_without_its_secrets),
        cmocka_unit_test(test_the_host_is_not_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
