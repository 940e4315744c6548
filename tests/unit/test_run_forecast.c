/* Forecasts against figures worked out by hand. */
#include "run/forecast.h"
#include "test_run_fixture.h"

#include <math.h>

#define PRICES                                                                                     \
    ", \"prices\": {\"as_of\": \"2026-01-01\", \"d\": {\"text_in\": 4, \"text_out\": 16,"          \
    " \"audio_in\": 32, \"audio_out\": 64}}"

/* One region, 10 sessions a second for 2 s; up to the brace that closes `session`. */
#define RUN_PROFILE_OF(turns, more)                                                                \
    "{\"name\": \"sample\", \"regions\": [{\"name\": \"a\", \"endpoint\": "                        \
    "\"https://a.example.com\", \"deployment\": \"d\"}], \"load\": {\"model\": \"arrivals\", "     \
    "\"arrival\": \"even\", \"max_sessions\": 100, \"stages\": [{\"duration\": \"0s\", "           \
    "\"target\": \"10/s\"}, {\"duration\": \"2s\", \"target\": \"10/s\"}]}, \"session\": "         \
    "{\"interactions\": " turns more

static struct forecast first_of(const char *json)
{
    struct profile *profile = run_profile(json);
    struct forecast forecast = forecast_region(profile, 0, 0);
    profile_free(profile);
    return forecast;
}

static void near(double is, double wanted)
{
    if (fabs(is - wanted) > 1e-9 * fabs(wanted) + 1e-12) fail_msg("%.17g, not %.17g", is, wanted);
}

/* By hand: a user asks at 0.5 s, 1.5 s and 2.5 s, "Say OK." (2 and 4 tokens around it) after 12 of
 * frame and 20 of the service's own instructions, and hears 50 tokens: 38, 94 and 150 in, of which
 * 64 are cached at the third. The load is over after 2 s, so that 20 ask a first time, 5 a second
 * and none a third. */
#define USD_FIRST ((38 * 4 + 50 * 16) / 1e6)
#define USD_SECOND ((94 * 4 + 50 * 16) / 1e6)

static void arrivals_are_counted(void **state)
{
    (void)state;
    struct forecast f = first_of(RUN_PROFILE(PRICES));
    near(f.sessions, 20);
    near(f.attempts, 25);
    near(f.tokens, 20 * 88 + 5 * 144);
    near(f.attempts_per_minute, 600 * 3); /* if the load went on */
    near(f.rpm, 20 * 6);                  /* in slices of ten seconds */
    near(f.tpm, (20 * (38 + 4096) + 5 * (94 + 4096)) * 6);
    assert_false(f.unpriced);
    near(f.usd[COST_LIKELY], 20 * USD_FIRST + 5 * USD_SECOND);
    assert_int_equal(f.breaks_first, BOUND_MAX_SESSIONS); /* 10, and 20 are there */
}

/* What makes the cases differ, on one turn: the answer's length, and retries. */
static void the_cases_are_what_they_say(void **state)
{
    (void)state;
    const double in = 20 * 38 * 4 / 1e6;
    const double token = 20 * 16 / 1e6;
    static const struct {
        const char *retry, *limit;
        double times;
        double most; /* of an answer */
    } cases[] = {{"{\"attempts\": 5, \"budget\": \"20%\"}", "", 1.2, 200},
                 {"{\"attempts\": 1, \"budget\": \"20%\"}", "", 1, 200},
                 {"{\"attempts\": 4, \"budget\": \"100%\"}", "", 4, 200},
                 {"{\"attempts\": 1}", ", \"max_output_tokens\": 80", 1, 80},
                 {"{\"attempts\": 1}", ", \"max_output_tokens\": 1000", 1, 1000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[1200];
        (void)snprintf(json, sizeof json, "%s%s%s%s%s", RUN_PROFILE_OF("1", ""), cases[i].limit,
                       "}" PRICES ", \"retry\": ", cases[i].retry, "}");
        const struct forecast f = first_of(json);
        near(f.usd[COST_LOW], in + 25 * token);
        near(f.usd[COST_LIKELY], in + 50 * token);
        near(f.usd[COST_HIGH], cases[i].times * (in + cases[i].most * token));
    }
}

/* Twenty turns are no twenty times one: each reads what was said before. */
static void a_conversation_is_read_again(void **state)
{
    (void)state;
    const char *load = "\"model\": \"arrivals\", \"arrival\": \"even\", \"stages\": "
                       "[{\"duration\": \"0s\", \"target\": \"6/m\"},"
                       " {\"duration\": \"1h\", \"target\": \"6/m\"}]";
    char json[1200];
    (void)snprintf(json, sizeof json,
                   "{\"name\": \"long\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
                   "\"https://a.example.com\", \"deployment\": \"d\"}], \"load\": {%s}, "
                   "\"session\": {\"interactions\": 20, \"think_time\": \"1s\"}" PRICES "}",
                   load);
    const struct forecast f = first_of(json);
    double usd = 0;
    double tokens = 0;
    double cached = 0;
    for (int turn = 0; turn < 20; turn++) {
        const double input = 12 + 20 + 6 + 56 * turn;
        usd += (input * 4 + 50 * 16) / 1e6; /* no price of its own for cached tokens */
        tokens += input + 50;
        cached += turn > 0 ? floor((input - 56) / 64) * 64 : 0;
    }
    assert_true(cached > 0);
    if (fabs(f.tokens / (f.sessions * tokens) - 1) > 0.01) fail_msg("%g tokens", f.tokens);
    if (fabs(f.usd[COST_LIKELY] / (f.sessions * usd) - 1) > 0.01) fail_msg("%g USD", f.usd[1]);
}

/* One turn in speech: 50 tokens of transcript, 11.25 s of audio are 225; and the second reads
 * both. */
static void speech_has_its_own_price(void **state)
{
    (void)state;
    char json[1200];
    (void)snprintf(json, sizeof json, "%s%s", RUN_PROFILE_OF("1", ", \"modality\": \"audio\""),
                   "}" PRICES "}");
    const struct forecast one = first_of(json);
    near(one.usd[COST_LIKELY], 20 * (38 * 4 + 50 * 16 + 225 * 64) / 1e6);
    near(one.tokens, 20 * (38 + 275));
}

static void an_unknown_price_is_no_cost_of_nothing(void **state)
{
    (void)state;
    struct forecast f = first_of(RUN_PROFILE(""));
    assert_true(f.unpriced);
    struct text out = {0};
    struct profile *profile = run_profile(RUN_PROFILE(""));
    forecast_table(profile, 0, &out);
    assert_non_null(strstr(text_str(&out), "unknown"));
    assert_null(strstr(text_str(&out), "0.00"));
    cJSON *json = forecast_profile_json(profile, 0);
    const cJSON *totals = cJSON_GetObjectItemCaseSensitive(json, "totals");
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(totals, "cost_usd")));
    cJSON_Delete(json);
    text_free(&out);
    profile_free(profile);
}

/* 4 sessions kept busy for 55 s, each for a dial of half a second, 3 turns of a second and two
 * thoughts of 1 s: 5.5 s each. */
static void a_closed_load_goes_through_sessions(void **state)
{
    (void)state;
    const char *json =
        "{\"name\": \"closed\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
        "\"https://a.example.com\", \"deployment\": \"d\"}], \"load\": {\"model\": \"sessions\", "
        "\"stages\": [{\"duration\": \"0s\", \"target\": 4}, {\"duration\": \"55s\", \"target\": "
        "4}]}, \"session\": {\"interactions\": 3, \"think_time\": \"1s\"}}";
    struct forecast f = first_of(json);
    near(f.sessions, 40);
    near(f.attempts, 120);
    near(f.peak_sessions, 4);
    near(f.rpm, 8 * 6); /* two rounds begin within ten seconds */
}

/* 25 turns of a second each, without thought, at $0.30 a minute of an open session. */
static void time_is_charged_beside_tokens(void **state)
{
    (void)state;
    struct forecast f = first_of(RUN_PROFILE(
        ", \"prices\": {\"d\": {\"text_in\": 4, \"text_out\": 16, \"per_minute\": 0.3}}"));
    near(f.usd[COST_LIKELY], 20 * USD_FIRST + 5 * USD_SECOND + 25 * 0.3 / 60);
    f = first_of(RUN_PROFILE(", \"prices\": {\"d\": {\"per_minute\": 0.3}}"));
    assert_false(f.unpriced);
    near(f.usd[COST_LIKELY], 25 * 0.3 / 60);
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
    near(text.usd[COST_LIKELY], text.attempts * (38 * 4 + 275 * 16) / 1e6);
    near(audio.usd[COST_LIKELY], audio.attempts * (38 * 4 + 50 * 16 + 225 * 64) / 1e6);
}

static void the_totals_are_sums(void **state)
{
    (void)state;
    struct profile *profile = run_profile(RUN_PROFILE(PRICES));
    struct forecast one = forecast_region(profile, 0, 0);
    cJSON *json = forecast_profile_json(profile, 0);
    const cJSON *totals = cJSON_GetObjectItemCaseSensitive(json, "totals");
    const cJSON *cost = cJSON_GetObjectItemCaseSensitive(totals, "cost_usd");
    near(cJSON_GetObjectItemCaseSensitive(totals, "attempts")->valuedouble, 50);
    near(cJSON_GetObjectItemCaseSensitive(totals, "rpm")->valuedouble, 240);
    near(cJSON_GetObjectItemCaseSensitive(cost, "likely")->valuedouble, 2 * one.usd[COST_LIKELY]);
    cJSON_Delete(json);
    profile_free(profile);
}

/* One region of gpt-realtime, 10 sessions a second for 2 s, 3 turns each. `region`, `more`: further
 * keys. */
#define KNOWN_MODEL(region, more)                                                                  \
    "{ \"name\": \"known\", \"regions\": [{\"name\": \"a\", \"endpoint\": "                        \
    "\"https://a.example.com\", \"deployment\": \"gpt-realtime\"" region "}],"                     \
    "\"load\": {\"model\": \"arrivals\", \"arrival\": \"even\", \"max_sessions\": 100,"            \
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
        {KNOWN_MODEL("", ""), 20 * USD_FIRST + 5 * USD_SECOND, 200, 120 / 200.0,
         "OpenAI's list prices", "2026-11-29", "Azure's default of tier 1, Global Standard",
         "2026-08-20", "tpm"},
        {KNOWN_MODEL("", ", \"prices\": {\"as_of\": \"2026-01-01\", \"gpt-realtime\": "
                         "{\"text_in\": 1, \"text_out\": 2}}"),
         (20 * (38 * 1 + 50 * 2) + 5 * (94 * 1 + 50 * 2)) / 1e6, 200, 120 / 200.0, "profile",
         "2026-01-01", "Azure's default of tier 1, Global Standard", "2026-08-20", "tpm"},
        {KNOWN_MODEL(", \"quota\": {\"rpm\": 4000, \"tpm\": 300000}", ""),
         20 * USD_FIRST + 5 * USD_SECOND, 4000, 120 / 4000.0, "OpenAI's list prices", "2026-11-29",
         "profile", "none", "tpm"},
        {KNOWN_MODEL(", \"quota\": {\"rpm\": 100, \"tpm\": 900000}", ""),
         20 * USD_FIRST + 5 * USD_SECOND, 100, 120 / 100.0, "OpenAI's list prices", "2026-11-29",
         "profile", "none", "rpm"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = run_profile(cases[i].json);
        cJSON *root = forecast_profile_json(profile, 0);
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
    forecast_table(profile, 0, &out);
    static const char *const words[] = {"at OpenAI's list prices of gpt-realtime",
                                        "known on 2026-11-29",
                                        "`prices` wins",
                                        "60% of 200 RPM",
                                        "622% of 100000 TPM",
                                        "known on 2026-08-20",
                                        "regions[].quota wins",
                                        "Breaks first: TPM, after"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(text_str(&out), words[i]) == NULL)
            fail_msg("no \"%s\" in %s", words[i], text_str(&out));
    }
    text_clear(&out);
    profile_free(profile);
    profile = run_profile(
        KNOWN_MODEL(", \"quota\": {\"rpm\": 4000, \"tpm\": 1000}",
                    ", \"prices\": {\"gpt-realtime\": {\"text_in\": 1, \"text_out\": 2}}"));
    forecast_table(profile, 0, &out);
    assert_null(strstr(text_str(&out), "known on"));
    assert_non_null(strstr(text_str(&out), "3% of 4000 RPM"));
    assert_non_null(strstr(text_str(&out), "62178% of 1000 TPM"));
    text_free(&out);
    profile_free(profile);
}

/* A quota is met where the load is highest: a ramp to 20 a minute, of which at most 4 fall into any
 * ten seconds; on the mean there are 13 a minute. */
static void the_quota_is_met_at_the_highest_stage(void **state)
{
    (void)state;
    const char *json =
        "{\"name\": \"ramp\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
        "\"https://a.example.com\", \"deployment\": \"gpt-realtime\"}], \"load\": {\"model\": "
        "\"arrivals\", \"arrival\": \"even\", \"max_sessions\": 99, \"stages\": [{\"duration\": "
        "\"2m\", \"target\": \"20/m\"}, {\"duration\": \"1m\", \"target\": \"20/m\"}]}, "
        "\"session\": {\"interactions\": 3}}";
    struct profile *profile = run_profile(json);
    cJSON *root = forecast_profile_json(profile, 0);
    near(cJSON_GetObjectItemCaseSensitive(first_region(root), "rpm")->valuedouble, 24);
    near(figure(first_region(root), "quota_share", "rpm"), 24 / 200.0);
    cJSON_Delete(root);
    profile_free(profile);
}

/* Ten dollars an hour against a budget of five, and of tokens none: half an hour. */
static void the_budget_is_held_against_the_plan(void **state)
{
    (void)state;
    const char *json =
        "{\"name\": \"dear\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
        "\"https://a.example.com\", \"deployment\": \"d\"}], \"load\": {\"model\": "
        "\"arrivals\", \"arrival\": \"even\", \"max_sessions\": 99, \"stages\": [{\"duration\": "
        "\"0s\", \"target\": \"60/m\"}, {\"duration\": \"1h\", \"target\": \"60/m\"}]}, "
        "\"session\": {\"interactions\": 1}, \"budget\": {\"usd\": 5}, \"prices\": {\"d\": "
        "{\"per_minute\": 0.16666666666666666}}}";
    struct profile *profile = run_profile(json);
    struct forecast_all all = forecast_make(profile, 0);
    struct text out = {0};
    near(all.totals.usd[COST_LIKELY], 10);
    if (fabs(all.usd_at_s - 1800) > 1.5) fail_msg("%g s", all.usd_at_s);
    forecast_table(profile, 0, &out);
    assert_non_null(strstr(text_str(&out), "Budget: $10.00 of $5.00 are likely; it stops the run "
                                           "after 30m"));
    assert_non_null(strstr(text_str(&out), "By the hour: $10.00"));
    text_free(&out);
    forecast_free(&all);
    profile_free(profile);
}

/* Which limit breaks is asked of every draw: the one with the most tokens need not have the most
 * requests. */
static void no_peak_above_its_limit_breaks_nothing(void **state)
{
    (void)state;
    for (int rpm = 40; rpm <= 90; rpm++) {
        char json[1400];
        (void)snprintf(json, sizeof json,
                       "{\"name\": \"s\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
                       "\"https://a.example.com\", \"deployment\": \"d\", \"quota\": {\"rpm\": %d, "
                       "\"tpm\": 10000000}}], \"load\": {\"model\": \"arrivals\", \"arrival\": "
                       "\"poisson\", \"max_sessions\": 100, \"stages\": [{\"duration\": \"0s\", "
                       "\"target\": \"30/m\"}, {\"duration\": \"2m\", \"target\": \"30/m\"}]}, "
                       "\"session\": {\"interactions\": 5, \"think_time\": \"5s\", \"modality\": "
                       "\"text\", \"prompts\": [\"Say OK.\"], \"max_output_tokens\": 300}}",
                       rpm);
        const struct forecast f = first_of(json);
        if (f.rpm > rpm && (f.breaks_first != BOUND_RPM || f.breaks_at_s < 0))
            fail_msg("%g of %d RPM, and %d breaks at %g", f.rpm, rpm, f.breaks_first,
                     f.breaks_at_s);
        if (f.rpm < rpm) assert_true(f.breaks_at_s < 0);
    }
}

/* load.connect_rate is per second of real time: at eight times the speed a second of the run has an
 * eighth of it. */
static void a_faster_clock_has_fewer_dials(void **state)
{
    (void)state;
    struct profile *profile = run_profile(
        "{\"name\": \"s\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
        "\"https://a.example.com\", "
        "\"deployment\": \"d\"}], \"load\": {\"model\": \"sessions\", \"connect_rate\": \"2/s\", "
        "\"max_sessions\": 100, \"stages\": [{\"duration\": \"0s\", \"target\": 50}, "
        "{\"duration\": "
        "\"2m\", \"target\": 50}]}, \"session\": {\"interactions\": 1, \"think_time\": \"2s\", "
        "\"modality\": \"text\", \"prompts\": [\"Say OK.\"]}}");
    profile->simulator.clock_speed = 8;
    const struct forecast f = forecast_region(profile, 0, 0);
    if (f.sessions < 25 || f.sessions > 35) fail_msg("%g sessions of 30 dials", f.sessions);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrivals_are_counted),
        cmocka_unit_test(the_cases_are_what_they_say),
        cmocka_unit_test(a_conversation_is_read_again),
        cmocka_unit_test(speech_has_its_own_price),
        cmocka_unit_test(an_unknown_price_is_no_cost_of_nothing),
        cmocka_unit_test(a_closed_load_goes_through_sessions),
        cmocka_unit_test(time_is_charged_beside_tokens),
        cmocka_unit_test(speech_is_never_free),
        cmocka_unit_test(the_totals_are_sums),
        cmocka_unit_test(a_known_model_has_its_public_terms),
        cmocka_unit_test(the_table_says_whose_terms_they_are),
        cmocka_unit_test(the_quota_is_met_at_the_highest_stage),
        cmocka_unit_test(the_budget_is_held_against_the_plan),
        cmocka_unit_test(no_peak_above_its_limit_breaks_nothing),
        cmocka_unit_test(a_faster_clock_has_fewer_dials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
