/* The part of a profile in run.json: all that a report needs, and nothing secret. */
#include "base/clock.h"
#include "test_profile_fixture.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static const char full[] =
    "{ \"name\": \"full\", \"regions\": ["
    "{" REGION_KEYS(
        "a") ", \"auth\": { \"api_key\": \"${RUSHHOUR_UNIT_SECRET}\" },"
             " \"headers\": { \"X-Token\": \"CANARY-${RUSHHOUR_UNIT_SECRET}\" }, \"proxy\": "
             "\"http://me:${RUSHHOUR_UNIT_SECRET}@proxy:3128\" },"
             "{" REGION_KEYS(
                 "b") ", \"auth\": { \"token_command\": \"echo CANARY-command\" } } ],"
                      "\"load\": { \"model\": \"arrivals\", \"stages\": [{ \"duration\": \"90s\", "
                      "\"target\": \"300/m\" }] },"
                      "\"session\": { \"instructions\": \"CANARY-instructions\", \"prompts\": "
                      "[\"CANARY-1\", "
                      "\"CANARY-23\"] },"
                      "\"windows\": { \"report\": [\"1m\", "
                      "\"peak=07:00-09:00@America/Los_Angeles,mon-fri\"] "
                      "},"
                      "\"thresholds\": [\"ttft.p99{region=a} < 1.5s\"], \"budget\": { \"usd\": 5 },"
                      "\"prices\": { \"d\": { \"text_in\": 4, \"text_cached\": 0.4, \"text_out\": "
                      "16 } },"
                      "\"simulator\": { \"faults\": [{ \"fault\": \"stall\", \"rate\": "
                      "\"0.8024%\", "
                      "\"during\": \"06:00-07:00@UTC\" }] } }";

static cJSON *manifest(const struct profile *profile)
{
    struct text out = {0};
    profile_manifest(profile, &out);
    if (strstr(text_str(&out), "CANARY") != NULL)
        fail_msg("a secret or prompt got out: %s", text_str(&out));
    cJSON *json = cJSON_ParseWithOpts(text_str(&out), NULL, 1);
    if (json == NULL) fail_msg("not JSON: %s", text_str(&out));
    text_free(&out);
    return json;
}

/* Walks a path of names and indexes, such as "regions", "0", "name". */
static const cJSON *at(const cJSON *node, const char *path)
{
    char copy[128];
    char *rest = NULL;
    (void)snprintf(copy, sizeof copy, "%s", path);
    for (char *part = strtok_r(copy, "/", &rest); part != NULL; part = strtok_r(NULL, "/", &rest)) {
        node = cJSON_IsArray(node) ? cJSON_GetArrayItem(node, atoi(part))
                                   : cJSON_GetObjectItem(node, part);
        if (node == NULL) fail_msg("%s is missing", path);
    }
    return node;
}

static void test_facts_are_there_and_secrets_are_not(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(setenv("RUSHHOUR_UNIT_SECRET", "CANARY-secret", 1), 0);
    struct profile *profile = parsed(full);
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
    cJSON *json = manifest(profile);
    static const struct {
        const char *path, *text;
    } strings[] = {
        {"name", "full"},
        {"regions/0/name", "a"},
        {"regions/0/host", "a.example.com"},
        {"regions/0/deployment", "d"},
        {"regions/0/model", "d"},
        {"regions/0/dialect", "ga"},
        {"regions/0/auth/api_key", "${RUSHHOUR_UNIT_SECRET}"},
        {"regions/0/headers/0", "X-Token"},
        {"regions/0/proxy", "http://proxy:3128"},
        {"regions/1/auth/token_command", "command"},
        {"load/model", "arrivals"},
        {"load/stages/0/duration", "90s"},
        {"load/stages/0/target", "5/s"},
        {"timeouts/response", "1m"},
        {"retry/backoff/initial", "500ms"},
        {"retry/budget", "10%"},
        {"windows/interval", "10s"},
        {"windows/report/1", "peak=07:00-09:00@America/Los_Angeles,mon-fri"},
        {"thresholds/0", "ttft.p99{region=a} < 1.5s"},
        {"simulator/faults/0/rate", "0.8024%"},
        {"simulator/faults/0/during", "06:00-07:00@UTC"},
        {"simulator/latency/0/first_output/p99", "900ms"},
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        const cJSON *node = at(json, strings[i].path);
        if (!cJSON_IsString(node) || strcmp(node->valuestring, strings[i].text) != 0) {
            fail_msg("%s: %s", strings[i].path,
                     cJSON_IsString(node) ? node->valuestring : "no text");
        }
    }
    static const struct {
        const char *path;
        double number;
    } numbers[] = {
        {"budget/usd", 5},
        {"prices/d/text_cached", 0.4},
        {"retry/attempts", 3},
        {"session/prompts/count", 2},
        {"session/prompts/bytes", 17},
        {"session/instructions/bytes", 19},
        {"simulator/clock/speed", 1},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const cJSON *node = at(json, numbers[i].path);
        if (!cJSON_IsNumber(node) || node->valuedouble != numbers[i].number)
            fail_msg("%s: %g", numbers[i].path, node->valuedouble);
    }
    assert_null(cJSON_GetObjectItem(at(json, "regions/0"), "api_version"));
    cJSON_Delete(json);
    profile_free(profile);
}

/* Durations are written so that they read back exactly. */
static void test_durations_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *written, *shown;
    } cases[] = {{"1.5s", "1500ms"}, {"3600s", "1h"}, {"90m", "90m"},
                 {"0s", "0s"},       {"1d", "24h"},   {"250us", "250us"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[512];
        (void)snprintf(json, sizeof json, PROFILE(", \"session\": { \"think_time\": \"%s\" }"),
                       cases[i].written);
        struct profile *profile = parsed(json);
        cJSON *root = manifest(profile);
        assert_string_equal(at(root, "session/think_time")->valuestring, cases[i].shown);
        cJSON_Delete(root);
        profile_free(profile);
    }
}

/* Every key of a fault rule and of a quota rule is read, and written as it was. */
static void test_rules_of_the_simulator(void **state)
{
    (void)state;
    struct profile *profile = parsed(PROFILE(
        ", \"simulator\": { \"faults\": [{ \"fault\": \"server_error\", \"deployments\": [\"d\"],"
        "\"hours\": { \"zone\": \"America/Los_Angeles\", \"rates\": [\"1%\", \"2.5%\", \"0%\", "
        "\"0%\", "
        "\"0%\","
        "\"0%\", \"0%\", \"0%\", \"0%\", \"0%\", \"0%\", \"0%\", \"0%\", \"0%\", \"0%\", \"0%\", "
        "\"0%\","
        "\"0%\", \"0%\", \"0%\", \"0%\", \"0%\", \"0%\", \"100%\"] },"
        "\"burst\": { \"every\": \"5m\", \"length\": \"20s\" },"
        "\"after_failure\": { \"same_session\": \"75%\", \"new_session\": \"0%\" },"
        "\"min_socket_age\": \"5m\", \"max_socket_age\": \"20m\", \"from_turn\": 2, \"to_turn\": 9,"
        "\"min_context_tokens\": 14000, \"max_context_tokens\": 20000 }],"
        "\"quota\": [{ \"rpm\": 200, \"tpm\": 100000, \"effective_tpm\": 20000, \"slice\": \"1s\","
        "\"during\": \"07:00-09:00\" }, {}] }"));
    const struct fault_rule *rule = &profile->simulator.faults[0];
    const struct quota_rule *quota = &profile->simulator.quota[0];
    assert_true(rule->hours->rates[1] == 0.025 && rule->hours->rates[23] == 1);
    assert_true(rule->burst_every_ns == 300 * NS_PER_S && rule->burst_length_ns == 20 * NS_PER_S);
    assert_true(rule->after_failure_same.set && rule->after_failure_same.value == 0.75);
    assert_true(rule->after_failure_new.set && rule->after_failure_new.value == 0);
    assert_true(rule->min_socket_age_ns == 300 * NS_PER_S &&
                rule->max_socket_age_ns == 1200 * NS_PER_S);
    assert_true(rule->from_turn == 2 && rule->to_turn == 9);
    assert_true(rule->min_context_tokens == 14000 && rule->max_context_tokens == 20000);
    assert_true(quota->rpm == 200 && quota->tpm == 100000 && quota->effective_tpm == 20000);
    assert_true(quota->slice_ns == NS_PER_S && quota->during != NULL);
    assert_true(profile->simulator.quota[1].rpm == 0 &&
                profile->simulator.quota[1].slice_ns == 10 * NS_PER_S);

    cJSON *json = manifest(profile);
    const cJSON *told = at(json, "simulator/faults/0");
    assert_null(cJSON_GetObjectItem(told, "rate")); /* the hours replace it */
    assert_string_equal(at(told, "hours/zone")->valuestring, "America/Los_Angeles");
    assert_string_equal(at(told, "hours/rates/1")->valuestring, "2.5%");
    assert_string_equal(at(told, "burst/length")->valuestring, "20s");
    assert_string_equal(at(told, "after_failure/new_session")->valuestring, "0%");
    assert_string_equal(at(json, "simulator/quota/0/slice")->valuestring, "1s");
    cJSON_Delete(json);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_are_there_and_secrets_are_not),
        cmocka_unit_test(test_durations_are_exact),
        cmocka_unit_test(test_rules_of_the_simulator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
