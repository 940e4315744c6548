/* Checks of a profile as a whole: regions, simulator rules, faults. Each error names the key and
 * the fix. */
#include "test_profile_fixture.h"

#include "profile/faults.h"

static void refuse(const char *json, const char *key, const char *wanted)
{
    struct profile *profile = NULL;
    struct error err = {0};
    enum err_code code = profile_parse("sample.json", json, strlen(json), &profile, &err);
    if (code != ERR_PROFILE || strstr(err.text, key) == NULL || strstr(err.text, wanted) == NULL)
        fail_msg("%s\n%d: \"%s\"\nwanted: %s ... %s", json, code, err.text, key, wanted);
    assert_null(profile);
}

static void accept(const char *json)
{
    profile_free(parsed(json));
}

/* ---- regions ---- */

#define ONE(keys)                                                                                  \
    "{\"name\": \"sample\", \"regions\": [{\"name\": \"a\", \"endpoint\": "                        \
    "\"https://a.example.com\"" keys "}]}"

static void dialects_ask_for_their_names(void **state)
{
    (void)state;
    refuse(ONE(""), "regions[0]", "\"deployment\" is missing");
    refuse(ONE(", \"deployment\": \"d\", \"dialect\": \"preview\""), "regions[0]",
           "\"api_version\" is missing");
    refuse(ONE(", \"deployment\": \"d\", \"api_version\": \"2025-04-01-preview\""),
           "regions[0].api_version", "dialect ga has no api-version");
    refuse(ONE(", \"dialect\": \"openai\""), "regions[0]", "asks for a model");
    refuse(ONE(", \"dialect\": \"openai\", \"model\": \"m\", \"deployment\": \"d\""),
           "regions[0].deployment", "has no deployments: remove it");
    accept(ONE(", \"dialect\": \"openai\", \"model\": \"m\""));
    accept(ONE(", \"deployment\": \"d\", \"dialect\": \"preview\", \"api_version\": "
               "\"2025-04-01-preview\""));
}

#define DEPLOYED(keys) ONE(", \"deployment\": \"d\"" keys)

static void credentials_fit_the_way_they_go(void **state)
{
    (void)state;
    refuse(DEPLOYED(", \"auth\": {\"ephemeral\": true}"), "regions[0].auth.ephemeral",
           "is asked for with a key or token");
    refuse(DEPLOYED(", \"auth\": {\"api_key\": \"${K}\", \"ephemeral\": true, \"in\": \"query\"}"),
           "regions[0].auth.ephemeral", "remove \"in\"");
    refuse(DEPLOYED(", \"auth\": {\"token\": \"${T}\", \"in\": \"query\"}"), "regions[0].auth.in",
           "only an api_key of Azure");
    refuse(ONE(", \"dialect\": \"openai\", \"model\": \"m\", \"auth\": {\"api_key\": \"${K}\", "
               "\"in\": \"query\"}"),
           "regions[0].auth.in", "only an api_key of Azure");
    accept(DEPLOYED(", \"auth\": {\"api_key\": \"${K}\", \"in\": \"query\"}"));
    accept(DEPLOYED(", \"auth\": {\"api_key\": \"${K}\", \"ephemeral\": true}"));
}

static void regions_are_told_apart(void **state)
{
    (void)state;
    refuse("{\"name\": \"sample\", \"regions\": [{" REGION_KEYS("a") "}, {" REGION_KEYS(
               "b") "}, "
                    "{" REGION_KEYS("a") "}]}",
           "regions[2].name", "two regions are called \"a\"");
    refuse(
        "{\"name\": \"sample\", \"load\": {\"routing\": \"weighted\"}, \"regions\": [{" REGION_KEYS(
            "a") ", \"weight\": 0}]}",
        "regions", "no region has a weight above 0");
}

#define HEDGED(more, keys)                                                                         \
    "{\"name\": \"sample\", \"load\": {\"routing\": \"hedged\"" more                               \
    "}, \"regions\": [{" REGION_KEYS("a") "}, {" REGION_KEYS("b") "}]" keys "}"

static void a_hedge_can_begin(void **state)
{
    (void)state;
    accept(HEDGED("", ""));
    accept(HEDGED(", \"hedge_after\": \"14999ms\"", ""));
    accept(HEDGED(", \"hedge_after\": \"20s\"", ", \"timeouts\": {\"first_output\": \"21s\"}"));
    refuse(HEDGED(", \"hedge_after\": \"15s\"", ""), "load.hedge_after", "first_output");
    refuse(HEDGED("", ", \"timeouts\": {\"first_output\": \"500ms\"}"), "load.hedge_after",
           "first_output");
    refuse(HEDGED("", ", \"retry\": {\"attempts\": 1}"), "retry.attempts", "2 or more");
    refuse(
        "{\"name\": \"sample\", \"load\": {\"routing\": \"hedged\"}, \"regions\": [{" REGION_KEYS(
            "a") "}]}",
        "load.routing", "add one");
}

/* ---- rules of the simulator ---- */

#define FAULT(keys) PROFILE(", \"simulator\": {\"faults\": [{" keys "}]}")
#define ERRORS(keys) FAULT("\"fault\": \"server_error\", \"rate\": \"5%\"" keys)

static void rules_name_what_there_is(void **state)
{
    (void)state;
    refuse(ERRORS(", \"regions\": [\"eastus\"]"), "simulator.faults[0].regions",
           "did you mean \"eastus2\"?");
    refuse(ERRORS(", \"regions\": [\"mars-north\"]"), "simulator.faults[0].regions",
           "name one of `regions`");
    refuse(ERRORS(", \"deployments\": [\"nowhere\"]"), "simulator.faults[0].deployments[0]",
           "no deployment is called \"nowhere\"");
    refuse(PROFILE(", \"simulator\": {\"latency\": [{\"regions\": [\"eastus3\"], \"upgrade\": "
                   "\"5ms\"}]}"),
           "simulator.latency[0].regions", "did you mean \"eastus2\"?");
    refuse(FAULT("\"fault\": \"server_eror\", \"rate\": \"5%\""), "simulator.faults[0].fault",
           "server_error");
    accept(ERRORS(", \"regions\": [\"eastus2\"], \"deployments\": [\"d\"]"));
}

static void conditions_that_never_hold_are_refused(void **state)
{
    (void)state;
    refuse(ERRORS(", \"min_socket_age\": \"5m\", \"max_socket_age\": \"5m\""), "max_socket_age",
           "would never hold");
    refuse(ERRORS(", \"from_turn\": 5, \"to_turn\": 4"), "to_turn", "would never hold");
    refuse(ERRORS(", \"min_context_tokens\": 100, \"max_context_tokens\": 99"),
           "max_context_tokens", "would never hold");
    accept(ERRORS(", \"from_turn\": 5, \"to_turn\": 5"));
    accept(ERRORS(", \"min_context_tokens\": 100, \"max_context_tokens\": 100"));
}

static void conditions_of_a_response_want_a_response(void **state)
{
    static const char *const conditions[] = {"\"min_socket_age\": \"5m\"",
                                             "\"max_socket_age\": \"5m\"",
                                             "\"from_turn\": 2",
                                             "\"to_turn\": 2",
                                             "\"min_context_tokens\": 100",
                                             "\"max_context_tokens\": 100"};
    (void)state;
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        char json[512];
        (void)snprintf(json, sizeof json,
                       FAULT("\"fault\": \"upgrade_500\", \"rate\": \"5%%\", %s"), conditions[i]);
        refuse(json, "simulator.faults[0].", "asks about a response");
        (void)snprintf(json, sizeof json,
                       FAULT("\"fault\": \"server_error\", \"rate\": \"5%%\", %s"), conditions[i]);
        accept(json);
    }
}

static void bursts_have_both_and_fit(void **state)
{
    (void)state;
    refuse(ERRORS(", \"burst\": {\"every\": \"5m\"}"), "simulator.faults[0].burst",
           "needs both every and length");
    refuse(ERRORS(", \"burst\": {\"length\": \"20s\"}"), "simulator.faults[0].burst",
           "needs both every and length");
    refuse(ERRORS(", \"burst\": {\"every\": \"10s\", \"length\": \"20s\"}"),
           "simulator.faults[0].burst", "length is more than every");
    accept(ERRORS(", \"burst\": {\"every\": \"20s\", \"length\": \"20s\"}"));
}

static void a_region_is_out_or_not(void **state)
{
    (void)state;
    refuse(FAULT("\"fault\": \"connect_refused\", \"rate\": \"5%\""), "simulator.faults[0].rate",
           "write 100%");
    refuse(FAULT("\"fault\": \"resolve_failed\", \"rate\": \"100%\", \"during\": "
                 "\"07:00-08:00@UTC\""),
           "simulator.faults[0].during", "holds for the whole run");
    refuse(FAULT("\"fault\": \"resolve_failed\", \"rate\": \"100%\", \"burst\": {\"every\": "
                 "\"5m\", \"length\": \"20s\"}"),
           "simulator.faults[0].burst", "holds for the whole run");
    accept(FAULT("\"fault\": \"connect_refused\", \"rate\": \"100%\", \"during\": "
                 "\"07:00-08:00@UTC\""));
}

static void quotas_and_sizes_make_sense(void **state)
{
    (void)state;
    refuse(PROFILE(", \"simulator\": {\"quota\": [{\"tpm\": 1000, \"effective_tpm\": 1000}]}"),
           "simulator.quota[0].effective_tpm", "is no lower than tpm (1000)");
    accept(PROFILE(", \"simulator\": {\"quota\": [{\"tpm\": 1000, \"effective_tpm\": 999}]}"));
    refuse(PROFILE(", \"simulator\": {\"audio_delta_bytes\": 4801}"), "simulator.audio_delta_bytes",
           "two bytes per sample");
}

/* ---- prices ---- */

#define PRICE(keys) PROFILE(", \"prices\": {\"gpt-4.1\": {" keys "}}")

/* Tokens whose price was forgotten would count as free, whatever else the row has. */
static void a_price_without_a_direction_is_refused(void **state)
{
    (void)state;
    refuse(PRICE("\"text_in\": 4"), "prices.gpt-4.1", "has no text_out");
    refuse(PRICE("\"text_out\": 16"), "prices.gpt-4.1", "has no text_in");
    refuse(PRICE(""), "prices.gpt-4.1", "has no text_in");
    refuse(PRICE("\"audio_in\": 32, \"audio_out\": 64"), "prices.gpt-4.1", "has no text_in");
    refuse(PRICE("\"text_in\": 4, \"audio_out\": 64"), "prices.gpt-4.1", "has no text_out");
    refuse(PRICE("\"text_in\": 4, \"per_minute\": 3"), "prices.gpt-4.1", "leave per_minute alone");
    accept(PRICE("\"text_in\": 4, \"text_out\": 16"));
    accept(PRICE("\"text_in\": 0, \"text_out\": 0"));
    accept(PRICE("\"per_minute\": 3"));
    accept(PRICE("\"text_in\": 4, \"text_out\": 16, \"per_minute\": 3"));
}

/* ---- the table of faults ---- */

#define HISTORY(session)                                                                           \
    "{\"name\": \"sample\", \"regions\": [{\"name\": \"a\", \"deployment\": \"d\", \"endpoint\": " \
    "\"https://a.example.com\"}], \"session\": {" session "}}"

static void a_history_says_when_and_how(void **state)
{
    (void)state;
    accept(HISTORY("\"history\": \"keep\""));
    accept(HISTORY("\"history\": \"truncate\", \"history_tokens\": 5000"));
    accept(HISTORY("\"history\": \"rotate\", \"history_tokens\": 1"));
    accept(HISTORY("\"settings\": {\"truncation\": \"disabled\"}"));
    refuse(HISTORY("\"history\": \"truncate\""), "session.history", "history_tokens");
    refuse(HISTORY("\"history\": \"rotate\""), "session.history", "history_tokens");
    refuse(HISTORY("\"history_tokens\": 5000"), "session.history_tokens", "has no limit");
    refuse(HISTORY("\"history\": \"truncate\", \"history_tokens\": 5, \"history_retain\": \"0%\""),
           "session.history_retain", "more than 0%");
    refuse(
        HISTORY("\"history\": \"truncate\", \"history_tokens\": 5, \"settings\": {\"truncation\": "
                "\"auto\"}"),
        "session.history", "remove one");
    refuse("{\"name\": \"s\", \"regions\": [{\"name\": \"a\", \"deployment\": \"d\", \"endpoint\": "
           "\"https://a.example.com\", \"settings\": {\"truncation\": \"auto\"}}], \"session\": "
           "{\"history\": \"truncate\", \"history_tokens\": 5}}",
           "session.history", "remove one");
    refuse(
        "{\"name\": \"s\", \"regions\": [{\"name\": \"old\", \"deployment\": \"d\", \"endpoint\": "
        "\"https://a.example.com\", \"dialect\": \"preview\", \"api_version\": "
        "\"2025-04-01-preview\"}], \"session\": {\"history\": \"truncate\", \"history_tokens\": "
        "5}}",
        "session.history", "region old");
}

static void every_fault_is_found_by_its_name(void **state)
{
    (void)state;
    for (int i = 0; i < FAULT_COUNT; i++) {
        const struct fault_info *info = fault_info((enum fault_kind)i);
        enum fault_kind found = FAULT_COUNT;
        assert_true(fault_find(info->name, &found));
        assert_int_equal(found, i); /* so that no name occurs twice */
        bool numbered = info->number[0] == 'F' && strspn(info->number + 1, "0123456789") >= 2;
        assert_true(numbered || strcmp(info->number, "unknown") == 0);
        assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                         strlen(info->name));
        assert_true(strlen(info->help) > 10);
    }
    enum fault_kind untouched = FAULT_COUNT;
    assert_false(fault_find("no_such_fault", &untouched));
    assert_false(fault_find("", &untouched));
    assert_int_equal(untouched, FAULT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialects_ask_for_their_names),
        cmocka_unit_test(credentials_fit_the_way_they_go),
        cmocka_unit_test(regions_are_told_apart),
        cmocka_unit_test(a_hedge_can_begin),
        cmocka_unit_test(rules_name_what_there_is),
        cmocka_unit_test(conditions_that_never_hold_are_refused),
        cmocka_unit_test(conditions_of_a_response_want_a_response),
        cmocka_unit_test(bursts_have_both_and_fit),
        cmocka_unit_test(a_region_is_out_or_not),
        cmocka_unit_test(quotas_and_sizes_make_sense),
        cmocka_unit_test(a_price_without_a_direction_is_refused),
        cmocka_unit_test(a_history_says_when_and_how),
        cmocka_unit_test(every_fault_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
