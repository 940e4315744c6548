/* The result of parsing a profile: defaults, every kind of value, and derived values. */
#include "base/clock.h"
#include "profile/keys.h"
#include "profile/object.h"
#include "profile/release.h"
#include "profile/value.h"
#include "test_profile_fixture.h"

#include <stdlib.h>

static void test_defaults(void **state)
{
    (void)state;
    struct profile *profile = parsed(PROFILE(""));
    assert_string_equal(profile->file, "sample.json");
    assert_int_equal(profile->load.model, LOAD_SESSIONS);
    assert_int_equal(profile->load.routing, ROUTING_EACH);
    assert_int_equal(profile->load.arrival, ARRIVAL_POISSON);
    assert_int_equal(profile->load.max_sessions, 500);
    assert_true(profile->load.connect_rate == 100);
    assert_int_equal(profile->load.stage_count, 1);
    assert_true(profile->load.stages[0].duration_ns == 30 * NS_PER_S);
    assert_true(profile->load.stages[0].target == 5);
    assert_int_equal(profile->session.interactions, 1);
    assert_int_equal(profile->session.modality, MODALITY_TEXT);
    assert_null(profile->session.instructions);
    assert_int_equal(profile->session.prompt_count, 1);
    assert_string_equal(profile->session.prompts[0].text, "Say OK.");
    assert_true(profile->timeouts.stall_ns == 10 * NS_PER_S);
    assert_true(profile->timeouts.response_ns == 60 * NS_PER_S);
    assert_int_equal(profile->retry.attempts, 3);
    assert_true(profile->retry.backoff_initial_ns == 500 * NS_PER_MS);
    assert_true(profile->retry.backoff_max_ns == 8 * NS_PER_S);
    assert_int_equal(profile->retry.jitter, JITTER_FULL);
    assert_true(profile->retry.budget == 0.1);
    assert_int_equal(profile->budget.alert_count, 3);
    assert_true(profile->budget.alerts[1] == 0.8);
    assert_true(profile->windows.interval_ns == 10 * NS_PER_S);
    assert_int_equal(profile->windows.report_count, 1);
    assert_int_equal(profile->threshold_count, 0);
    assert_int_equal(profile->prices.count, 0);
    assert_true(profile->record_attempts);
    assert_true(profile->simulator.clock_speed == 1);
    assert_true(profile->simulator.clock_start_ns == INT64_MIN);
    assert_int_equal(profile->simulator.latency_count, 1);
    assert_true(profile->simulator.latency[0].first_output.median_ns == 250 * NS_PER_MS);
    assert_true(profile->simulator.latency[0].first_output.p99_ns == 900 * NS_PER_MS);
    assert_false(profile_simulate_only(profile));
    const struct region *region = &profile->regions[0];
    assert_string_equal(region->host, "eastus2.example.com");
    assert_int_equal(region->port, 443);
    assert_true(region->tls);
    assert_string_equal(region->model, "d");
    assert_int_equal(region->dialect, DIALECT_GA);
    assert_int_equal(region->auth.kind, AUTH_NONE);
    assert_true(region->weight == 1);
    profile_free(profile);
}

/* The default and the range of every key in every table are read by the parser used for
 * profiles. */
static void test_every_default_and_bound_parses(void **state)
{
    (void)state;
    static const struct key_table *const tables[] = {
        &key_profile, &key_region, &key_stage, &key_latency_rule, &key_fault_rule, &key_price};
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        void *object = calloc(1, tables[t]->size);
        struct error err = {0};
        struct place place = {.err = &err};
        if (object_defaults(tables[t], &place, object) != ERR_OK)
            fail_msg("%s: %s", tables[t]->title, err.text);
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct key *key = &tables[t]->keys[i];
            const char *bounds[] = {key->least, key->most};
            assert_non_null(key->help);
            if (value_is_composite(key->type)) continue; /* their bounds count elements */
            for (size_t k = 0; k < 2; k++) {
                if (bounds[k] == NULL) continue;
                if (value_from_text(key, bounds[k], &place, object) != ERR_OK)
                    fail_msg("%s: %s", key->name, err.text);
            }
        }
        release_object(tables[t], object);
        free(object);
    }
}

static void test_every_kind_of_value(void **state)
{
    (void)state;
    struct profile *profile = parsed(
        "{ \"name\": \"all\", \"seed\": 42, \"regions\": ["
        "  { \"name\": \"a-1_B\", \"endpoint\": \"wss://A.Example.com:8443/\", \"deployment\": "
        "\"dep\", "
        "\"model\": \"gpt-realtime\","
        "    \"auth\": { \"api_key\": \"${KEY_1}\", \"in\": \"query\" }, \"weight\": 2.5, "
        "\"proxy\": "
        "\"http://${U}@proxy:3128\","
        "    \"ca_file\": \"ca.pem\", \"path\": \"/gateway/realtime\", \"headers\": { \"X-Team\": "
        "\"load\", "
        "\"X-Token\": \"t ${T}\" } },"
        "  { \"name\": \"b\", \"endpoint\": \"http://[::1]:8080\", \"deployment\": \"old\", "
        "\"dialect\": "
        "\"preview\","
        "    \"api_version\": \"2025-04-01-preview\", \"auth\": { \"token_command\": \"az token\" "
        "} },"
        "  { \"name\": \"c\", \"endpoint\": \"https://api.openai.com\", \"dialect\": \"openai\", "
        "\"model\": "
        "\"gpt-realtime\" } ],"
        "\"load\": { \"stages\": [{ \"duration\": \"1m\", \"target\": \"893/h\" }, { \"duration\": "
        "0, "
        "\"target\": 0 }],"
        "  \"model\": \"arrivals\", \"arrival\": \"even\" },"
        "\"session\": { \"modality\": \"audio\", \"instructions\": \"line\\nline\", \"max_age\": "
        "\"10m\" },"
        "\"windows\": { \"report\": [\"30s\", \"peak=07:00-09:00@America/Los_Angeles,mon-fri\"] },"
        "\"record\": { \"attempts\": false },"
        "\"prices\": { \"as_of\": \"2026-10-01\", \"gpt-4.1\": { \"text_in\": 4, \"text_out\": 8 "
        "}, "
        "\"gpt-4.1-mini\": { "
        "\"text_in\": 0.5, \"text_out\": 0 } },"
        "\"simulator\": { \"clock\": { \"speed\": 240, \"start\": \"2026-04-14T06:00:00-07:00\" },"
        "  \"audio_delta_bytes\": \"4KiB\","
        "  \"latency\": [{ \"regions\": [\"b\"], \"during\": \"22:00-06:00@UTC\", \"delta\": "
        "\"5ms\" }],"
        "  \"faults\": [{ \"fault\": \"connection_reset\", \"rate\": \"1.5%\", \"after\": \"2s\" "
        "}] } }");
    const struct region *regions = profile->regions;
    assert_int_equal(profile->region_count, 3);
    assert_int_equal(profile->seed, 42);
    assert_string_equal(regions[0].host, "a.example.com");
    assert_int_equal(regions[0].port, 8443);
    assert_string_equal(regions[0].model, "gpt-realtime");
    assert_int_equal(regions[0].auth.kind, AUTH_API_KEY);
    assert_string_equal(regions[0].auth.source, "${KEY_1}");
    assert_null(regions[0].auth.secret);
    assert_true(regions[0].auth.in_query);
    assert_true(regions[0].weight == 2.5);
    assert_int_equal(regions[0].header_count, 2);
    assert_string_equal(regions[0].headers[1].name, "X-Token");
    assert_string_equal(regions[1].host, "::1");
    assert_int_equal(regions[1].port, 8080);
    assert_false(regions[1].tls);
    assert_int_equal(regions[1].dialect, DIALECT_PREVIEW);
    assert_int_equal(regions[1].auth.kind, AUTH_TOKEN_COMMAND);
    /* required by the openai dialect */
    assert_string_equal(regions[2].deployment, "gpt-realtime");
    assert_true(profile->load.stages[0].target > 0.248055 &&
                profile->load.stages[0].target < 0.248056); /* 893/3600 */
    assert_true(load_duration_ns(&profile->load) == 60 * NS_PER_S);
    assert_string_equal(profile->session.instructions, "line\nline");
    assert_string_equal(profile->windows.report[1].name, "peak");
    assert_false(profile->record_attempts);
    assert_int_equal(profile->prices.count, 2);
    assert_string_equal(profile->prices.as_of, "2026-10-01");
    /* date -u -d ... +%s */
    assert_true(profile->simulator.clock_start_ns == INT64_C(1776171600) * NS_PER_S);
    assert_int_equal(profile->simulator.audio_delta_bytes, 4096);
    assert_int_equal(profile->simulator.latency_count, 2); /* after the built-in rule */
    assert_true(profile->simulator.latency[1].delta.set);
    assert_true(profile->simulator.latency[1].delta.p99_ns == 5 * NS_PER_MS);
    assert_false(profile->simulator.latency[1].upgrade.set);
    assert_true(profile->simulator.faults[0].rate == 0.015);
    assert_true(profile->simulator.faults[0].after_ns == 2 * NS_PER_S);
    assert_null(profile->simulator.faults[0].during);
    assert_true(profile_simulate_only(profile));
    profile_free(profile);
}

static void test_loopback_may_be_plain(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint;
        enum err_code code;
    } cases[] = {
        {"http://localhost:8080", ERR_OK}, {"ws://127.0.0.1", ERR_OK},
        {"http://127.9.9.9:1", ERR_OK},    {"ws://[::1]:443", ERR_OK},
        {"http://10.0.0.1", ERR_PROFILE},  {"http://localhost.example.com", ERR_PROFILE},
        {"http://128.0.0.1", ERR_PROFILE}, {"ws://[::2]", ERR_PROFILE},
        {"https://10.0.0.1", ERR_OK},      {"https://", ERR_PROFILE},
        {"https://a..b", ERR_PROFILE},     {"https://a b", ERR_PROFILE},
        {"https://a:0", ERR_PROFILE},      {"https://a:", ERR_PROFILE},
        {"https://[::1", ERR_PROFILE},     {"https://a/#x", ERR_PROFILE},
        {"ftp://a", ERR_PROFILE},          {"HTTPS://A", ERR_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[256];
        struct profile *profile = NULL;
        struct error err = {0};
        int length = snprintf(json, sizeof json,
                              "{\"name\":\"x\",\"regions\":[{\"name\":\"a\",\"deployment\":\"d\","
                              "\"endpoint\":\"%s\"}]}",
                              cases[i].endpoint);
        enum err_code code = profile_parse("f", json, (size_t)length, &profile, &err);
        if (code != cases[i].code) fail_msg("%s: %d %s", cases[i].endpoint, code, err.text);
        profile_free(profile);
    }
}

#define TIMED "{\"per_minute\": 1}"

static void test_prices_by_longest_prefix(void **state)
{
    (void)state;
    struct profile *profile =
        parsed(PROFILE(", \"prices\": { \"gpt-realtime\": " TIMED ", \"gpt-realtime-mini\": " TIMED
                       ", \"gpt-4o-realtime-preview\": " TIMED " }"));
    static const struct {
        const char *model, *found;
    } cases[] = {
        {"gpt-realtime", "gpt-realtime"},
        {"gpt-realtime-2.1", "gpt-realtime"},
        {"gpt-realtime-mini-2025-10-06", "gpt-realtime-mini"},
        {"gpt-4o-realtime-preview-2024-12-17", "gpt-4o-realtime-preview"},
        {"gpt-4o", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct price *price = prices_find(&profile->prices, cases[i].model);
        if (cases[i].found == NULL) {
            assert_null(price);
        } else {
            assert_string_equal(price->model, cases[i].found);
        }
    }
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_default_and_bound_parses),
        cmocka_unit_test(test_every_kind_of_value),
        cmocka_unit_test(test_loopback_may_be_plain),
        cmocka_unit_test(test_prices_by_longest_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
