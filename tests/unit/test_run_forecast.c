/* Forecasts against figures worked out by hand. */
#include "run/forecast.h"
#include "test_run_fixture.h"

#include <math.h>

#define PRICES                                                                                     \
    ", \"prices\": {\"as_of\": \"2026-01-01\", \"d\": {\"text_in\": 4, \"text_out\": 16,"          \
    " \"audio_in\": 32, \"audio_out\": 64}}"

static struct forecast first_of(const char *json)
{
    struct profile *profile = run_profile(json);
    struct forecast forecast = forecast_region(profile, &profile->regions[0]);
    profile_free(profile);
    return forecast;
}

static void near(double is, double wanted)
{
    if (fabs(is - wanted) > 1e-9 * fabs(wanted) + 1e-12) fail_msg("%.17g, not %.17g", is, wanted);
}

/* 10 sessions a second for 2 s, 3 turns each; 200 tokens in and 50 out a turn. */
static void arrivals_are_counted(void **state)
{
    (void)state;
    struct forecast f = first_of(RUN_PROFILE(PRICES));
    near(f.sessions, 20);
    near(f.attempts, 60);
    near(f.tokens, 15000);
    near(f.rpm, 1800);
    near(f.tpm, 450000);
    assert_false(f.unpriced);
    near(f.likely_usd, 60 * (200 * 4 + 50 * 16) / 1e6);
    near(f.low_usd, f.likely_usd / 2);
}

/* At most, every attempt is retried as often as the policy allows within the budget. */
static void retries_bound_the_cost_from_above(void **state)
{
    (void)state;
    struct forecast few =
        first_of(RUN_PROFILE(PRICES ", \"retry\": {\"attempts\": 5, \"budget\": \"20%\"}"));
    near(few.high_usd, few.likely_usd * 2 * 1.2);
    struct forecast none =
        first_of(RUN_PROFILE(PRICES ", \"retry\": {\"attempts\": 1, \"budget\": \"20%\"}"));
    near(none.high_usd, none.likely_usd * 2);
}

/* Half of the connect rate is left to retries, of all regions together and in real time. */
static void arrivals_leave_room_for_retries(void **state)
{
    (void)state;
    /* two regions at 10/s each */
    static const struct {
        double connect_rate, speed;
        bool tight;
    } cases[] = {{41, 1, false}, {40, 1, false}, {39, 1, true}, {100, 2, false}, {100, 3, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = run_profile(RUN_PROFILE(""));
        struct text out = {0};
        profile->load.connect_rate = cases[i].connect_rate;
        profile->simulator.clock_speed = cases[i].speed;
        assert_int_equal(forecast_connects(profile, &out), cases[i].tight);
        assert_int_equal(out.length > 0, cases[i].tight);
        if (cases[i].tight) assert_non_null(strstr(text_str(&out), "load.connect_rate"));
        text_free(&out);
        profile->load.model = LOAD_SESSIONS;
        assert_false(forecast_connects(profile, &out));
        profile_free(profile);
    }
}

static void an_unknown_price_is_no_cost_of_nothing(void **state)
{
    (void)state;
    struct forecast f = first_of(RUN_PROFILE(""));
    assert_true(f.unpriced);
    struct text out = {0};
    struct profile *profile = run_profile(RUN_PROFILE(""));
    forecast_table(profile, &out);
    assert_non_null(strstr(text_str(&out), "unknown"));
    assert_null(strstr(text_str(&out), "0.00"));
    cJSON *json = forecast_profile_json(profile);
    const cJSON *totals = cJSON_GetObjectItemCaseSensitive(json, "totals");
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(totals, "cost_usd")));
    cJSON_Delete(json);
    text_free(&out);
    profile_free(profile);
}

/* 4 sessions kept busy for 60 s, each for 3 turns of a second and two thoughts of 1 s: 5 s each. */
static void a_closed_load_goes_through_sessions(void **state)
{
    (void)state;
    const char *json =
        "{\"name\": \"closed\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
        "\"https://a.example.com\", \"deployment\": \"d\"}], \"load\": {\"model\": \"sessions\", "
        "\"stages\": [{\"duration\": \"0s\", \"target\": 4}, {\"duration\": \"60s\", \"target\": "
        "4}]}, \"session\": {\"interactions\": 3, \"think_time\": \"1s\"}}";
    struct forecast f = first_of(json);
    near(f.sessions, 48);
    near(f.attempts, 144);
    near(f.rpm, 144);
}

/* 20 sessions of 3 turns of a second each, without thought: a minute of open sessions at $0.30. */
static void time_is_charged_beside_tokens(void **state)
{
    (void)state;
    struct forecast f = first_of(RUN_PROFILE(
        ", \"prices\": {\"d\": {\"text_in\": 4, \"text_out\": 16, \"per_minute\": 0.3}}"));
    near(f.likely_usd, 60 * (200 * 4 + 50 * 16) / 1e6 + 0.3);
    f = first_of(RUN_PROFILE(", \"prices\": {\"d\": {\"per_minute\": 0.3}}"));
    assert_false(f.unpriced);
    near(f.likely_usd, 0.3);
}

/* Speech without a price of its own costs as much as text, in the plan as in the run. */
static void speech_is_never_free(void **state)
{
#define SPOKEN(price)                                                                              \
    "{\"name\": \"spoken\", \"regions\": [{\"name\": \"a\", \"endpoint\": "                        \
    "\"https://a.example.com\", \"deployment\": \"d\"}], \"load\": {\"model\": \"sessions\", "     \
    "\"stages\": [{\"duration\": \"0s\", \"target\": 4}, {\"duration\": \"60s\", \"target\": "     \
    "4}]}, \"session\": {\"modality\": \"audio\", \"think_time\": \"0s\"}, \"prices\": {\"d\": {"  \
    "\"text_in\": 4, \"text_out\": 16" price "}}}"
    (void)state;
    const struct forecast text = first_of(SPOKEN(""));
    const struct forecast audio = first_of(SPOKEN(", \"audio_out\": 64"));
    near(text.likely_usd, text.attempts * (200 * 4 + 50 * 16) / 1e6);
    near(audio.likely_usd, audio.attempts * (200 * 4 + 50 * 64) / 1e6);
}

static void the_totals_are_sums(void **state)
{
    (void)state;
    struct profile *profile = run_profile(RUN_PROFILE(PRICES));
    struct forecast one = forecast_region(profile, &profile->regions[0]);
    cJSON *json = forecast_profile_json(profile);
    const cJSON *totals = cJSON_GetObjectItemCaseSensitive(json, "totals");
    const cJSON *cost = cJSON_GetObjectItemCaseSensitive(totals, "cost_usd");
    near(cJSON_GetObjectItemCaseSensitive(totals, "attempts")->valuedouble, 120);
    near(cJSON_GetObjectItemCaseSensitive(totals, "rpm")->valuedouble, 3600);
    near(cJSON_GetObjectItemCaseSensitive(cost, "likely")->valuedouble, 2 * one.likely_usd);
    cJSON_Delete(json);
    profile_free(profile);
}

/* One region of gpt-realtime, 10 sessions a second for 2 s, 3 turns each. `region`, `more`: further
 * keys. */
#define KNOWN_MODEL(region, more)                                                                  \
    "{ \"name\": \"known\", \"regions\": [{\"name\": \"a\", \"endpoint\": "                        \
    "\"https://a.example.com\", \"deployment\": \"gpt-realtime\"" region "}],"                     \
    "\"load\": {\"model\": \"arrivals\", \"arrival\": \"even\", \"max_sessions\": 10,"             \
    " \"stages\": [{\"duration\": \"0s\", \"target\": \"10/s\"},"                                  \
    " {\"duration\": \"2s\", \"target\": \"10/s\"}]},"                                             \
    "\"session\": {\"interactions\": 3, \"think_time\": \"0s\"}" more "}"

static const cJSON *first_region(cJSON *root)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "regions"), 0);
}

static double figure(const cJSON *object, const char *outer, const char *name)
{
    const cJSON *item =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(object, outer), name);
    if (!cJSON_IsNumber(item)) fail_msg("%s.%s is no number", outer, name);
    return item->valuedouble;
}

static const char *word(const cJSON *object, const char *outer, const char *name)
{
    const char *text = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(object, outer), name));
    return text != NULL ? text : "none";
}

/* Of the profile's own price or quota nothing public is mixed in. */
static void a_known_model_has_its_public_terms(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        double usd, rpm, requests; /* rpm 0: null */
        const char *price_source, *price_as_of, *quota_source, *quota_as_of, *first;
    } cases[] = {
        {KNOWN_MODEL("", ""), 60 * (200 * 4 + 50 * 16) / 1e6, 200, 1800 / 200.0,
         "OpenAI's list prices", "2026-11-29", "Azure's default of tier 1, Global Standard",
         "2026-08-20", "rpm"},
        {KNOWN_MODEL("", ", \"prices\": {\"as_of\": \"2026-01-01\", \"gpt-realtime\": "
                         "{\"text_in\": 1, \"text_out\": 2}}"),
         60 * (200 * 1 + 50 * 2) / 1e6, 200, 1800 / 200.0, "profile", "2026-01-01",
         "Azure's default of tier 1, Global Standard", "2026-08-20", "rpm"},
        {KNOWN_MODEL(", \"quota\": {\"rpm\": 4000, \"tpm\": 300000}", ""),
         60 * (200 * 4 + 50 * 16) / 1e6, 4000, 1800 / 4000.0, "OpenAI's list prices", "2026-11-29",
         "profile", "none", "tpm"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = run_profile(cases[i].json);
        cJSON *root = forecast_profile_json(profile);
        const cJSON *region = first_region(root);
        near(figure(region, "cost_usd", "likely"), cases[i].usd);
        near(figure(region, "quota", "rpm"), cases[i].rpm);
        near(figure(region, "quota_share", "rpm"), cases[i].requests);
        assert_string_equal(word(region, "price", "source"), cases[i].price_source);
        assert_string_equal(word(region, "price", "as_of"), cases[i].price_as_of);
        assert_string_equal(word(region, "quota", "source"), cases[i].quota_source);
        assert_string_equal(word(region, "quota", "as_of"), cases[i].quota_as_of);
        assert_string_equal(
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(region, "breaks_first")),
            cases[i].first);
        cJSON_Delete(root);
        profile_free(profile);
    }
}

static void the_table_says_whose_terms_they_are(void **state)
{
    (void)state;
    struct text out = {0};
    struct profile *profile = run_profile(KNOWN_MODEL("", ""));
    forecast_table(profile, &out);
    static const char *const words[] = {"at OpenAI's list prices of gpt-realtime",
                                        "known on 2026-11-29",
                                        "`prices` wins",
                                        "900% of 200 RPM",
                                        "450% of 100000 TPM",
                                        "known on 2026-08-20",
                                        "regions[].quota wins"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(text_str(&out), words[i]) == NULL)
            fail_msg("no \"%s\" in %s", words[i], text_str(&out));
    }
    text_clear(&out);
    profile_free(profile);
    profile = run_profile(
        KNOWN_MODEL(", \"quota\": {\"rpm\": 4000, \"tpm\": 1000}",
                    ", \"prices\": {\"gpt-realtime\": {\"text_in\": 1, \"text_out\": 2}}"));
    forecast_table(profile, &out);
    assert_null(strstr(text_str(&out), "known on"));
    assert_non_null(strstr(text_str(&out), "45% of 4000 RPM"));
    assert_non_null(strstr(text_str(&out), "45000% of 1000 TPM"));
    text_free(&out);
    profile_free(profile);
}

/* A quota is met where the load is highest: a ramp to 20 and a minute there, from 0. */
static void the_quota_is_met_at_the_highest_stage(void **state)
{
    (void)state;
    const char *json =
        "{\"name\": \"ramp\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
        "\"https://a.example.com\", \"deployment\": \"gpt-realtime\"}], \"load\": {\"model\": "
        "\"arrivals\", \"max_sessions\": 99, \"stages\": [{\"duration\": \"2m\", \"target\": "
        "\"20/m\"}, {\"duration\": \"1m\", \"target\": \"20/m\"}]}, \"session\": "
        "{\"interactions\": 3}}";
    struct profile *profile = run_profile(json);
    cJSON *root = forecast_profile_json(profile);
    near(cJSON_GetObjectItemCaseSensitive(first_region(root), "rpm")->valuedouble, 40);
    near(figure(first_region(root), "quota_share", "rpm"), 60 / 200.0);
    cJSON_Delete(root);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrivals_are_counted),
        cmocka_unit_test(retries_bound_the_cost_from_above),
        cmocka_unit_test(arrivals_leave_room_for_retries),
        cmocka_unit_test(an_unknown_price_is_no_cost_of_nothing),
        cmocka_unit_test(a_closed_load_goes_through_sessions),
        cmocka_unit_test(time_is_charged_beside_tokens),
        cmocka_unit_test(speech_is_never_free),
        cmocka_unit_test(the_totals_are_sums),
        cmocka_unit_test(a_known_model_has_its_public_terms),
        cmocka_unit_test(the_table_says_whose_terms_they_are),
        cmocka_unit_test(the_quota_is_met_at_the_highest_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
