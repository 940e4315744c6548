/* The schema in profiles/ matches the table; the shipped profiles do what they claim; help and
 * suggestions. */
#include "base/clock.h"
#include "base/files.h"
#include "profile/faults.h"
#include "profile/keys.h"
#include "profile/suggest.h"
#include "test_profile_fixture.h"

#include <dirent.h>
#include <stdlib.h>

#define PROFILES PROJECT_DIR "/profiles"

static void test_schema_file_is_up_to_date(void **state)
{
    (void)state;
    struct text file = {0};
    struct text made = {0};
    struct error err = {0};
    assert_int_equal(file_read(PROFILES "/profile.schema.json", 1 << 20, &file, &err), ERR_OK);
    profile_schema(&made);
    assert_false(made.failed);
    /* when this fails: rushhour help schema > profiles/profile.schema.json */
    assert_string_equal(text_str(&file), text_str(&made));
    text_free(&file);
    text_free(&made);
}

static struct profile *shipped(const char *name)
{
    char path[512];
    struct profile *profile = NULL;
    struct error err = {0};
    (void)snprintf(path, sizeof path, "%s/%s", PROFILES, name);
    if (profile_load(path, &profile, &err) != ERR_OK) fail_msg("%s", err.text);
    return profile;
}

static void test_every_shipped_profile_loads(void **state)
{
    (void)state;
    DIR *folder = opendir(PROFILES);
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".json") != 0 || strstr(entry->d_name, ".schema.") != NULL)
            continue;
        struct profile *profile = shipped(entry->d_name);
        /* the file is named after the profile */
        assert_int_equal(strncmp(profile->name, entry->d_name, (size_t)(dot - entry->d_name)), 0);
        profile_free(profile);
        count++;
    }
    (void)closedir(folder);
    assert_true(count >= 3);
}

/* Number of sessions started by a plan of arrivals: the area under its ramps. */
static double planned_sessions(const struct load *load)
{
    double from = 0;
    double area = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        area += (from + load->stages[i].target) / 2 * (double)load->stages[i].duration_ns /
                (double)NS_PER_S;
        from = load->stages[i].target;
    }
    return area;
}

static void test_demo_is_short(void **state)
{
    (void)state;
    struct profile *profile = shipped("demo.json");
    double seconds = (double)load_duration_ns(&profile->load) / (double)NS_PER_S /
                     profile->simulator.clock_speed;
    double attempts = planned_sessions(&profile->load) * (double)profile->session.interactions *
                      (double)profile->region_count;
    assert_true(seconds <= 60);
    assert_true(attempts > 2000 && attempts < 10000);
    assert_true(profile_simulate_only(profile));
    assert_int_equal(profile->region_count, 3);
    profile_free(profile);
}

/* The table of the published incident: 10,000 sessions, 290 failures in 25 hours. */
static void test_incident_adds_up(void **state)
{
    (void)state;
    static const struct {
        int hour; /* of the run, from 12:00 PDT */
        double sessions, failures;
    } hours[] = {{18, 997, 8}, {19, 950, 92}, {20, 893, 135}, {21, 860, 20}};
    struct profile *profile = shipped("incident-eastus2.json");
    const struct simulator_plan *plan = &profile->simulator;
    assert_true(load_duration_ns(&profile->load) == 25 * 3600 * NS_PER_S);
    double sessions = planned_sessions(&profile->load);
    assert_true(sessions > 9999.9 && sessions < 10000.1);
    double failures = 6300 * plan->faults[4].rate;
    for (size_t i = 0; i < 4; i++) {
        int64_t middle_ns =
            plan->clock_start_ns + hours[i].hour * 3600 * NS_PER_S + 1800 * NS_PER_S;
        double expected = hours[i].sessions * plan->faults[i].rate;
        for (size_t k = 0; k < plan->fault_count; k++) {
            assert_int_equal(window_contains(plan->faults[k].during, middle_ns), k == i);
        }
        assert_true(expected > hours[i].failures - 0.01 && expected < hours[i].failures + 0.01);
        assert_true(profile->load.stages[3 + 2 * i].target * 3600 > hours[i].sessions - 0.001 &&
                    profile->load.stages[3 + 2 * i].target * 3600 < hours[i].sessions + 0.001);
        failures += expected;
    }
    assert_true(failures > 289.9 && failures < 290.1);
    profile_free(profile);
}

static void test_two_regions_are_ready_to_fill_in(void **state)
{
    (void)state;
    struct profile *profile = shipped("two-regions.json");
    assert_int_equal(profile->region_count, 2);
    assert_int_equal(profile->regions[0].auth.kind, AUTH_API_KEY);
    assert_int_equal(profile->regions[1].auth.kind, AUTH_TOKEN_COMMAND);
    assert_true(profile->budget.usd > 0);
    assert_false(profile_simulate_only(profile));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(profile->regions[i].dialect, DIALECT_GA);
        assert_non_null(prices_find(&profile->prices, profile->regions[i].model));
    }
    profile_free(profile);
}

static void test_help_names_every_key(void **state)
{
    (void)state;
    static const struct key_table *const tables[] = {
        &key_profile, &key_region, &key_stage, &key_latency_rule, &key_fault_rule, &key_price};
    struct text help = {0};
    profile_help(&help);
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "%s\n", tables[t]->keys[i].name);
            if (strchr(name, '*') != NULL) (void)snprintf(name, sizeof name, "prices.NAME\n");
            if (strstr(text_str(&help), name) == NULL) fail_msg("no help on %s", name);
        }
    }
    for (int i = 0; i < FAULT_COUNT; i++) {
        const struct fault_info *fault = fault_info((enum fault_kind)i);
        assert_non_null(strstr(text_str(&help), fault->name));
        assert_non_null(strstr(text_str(&help), fault->number));
    }
    static const char *const chances[] = {"per region",  "per connection", "per CONNECT",
                                          "per upgrade", "per session",    "per response"};
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++)
        assert_non_null(strstr(text_str(&help), chances[i]));
    assert_null(strstr(text_str(&help), "(null)"));
    text_free(&help);
}

/* The words in the table match those in base/. */
static void test_words_match_the_enums(void **state)
{
    (void)state;
    const struct key *dialect = key_find(&key_region, "dialect");
    const struct key *modality = key_find(&key_profile, "session.modality");
    for (unsigned i = 0; i <= DIALECT_OPENAI; i++)
        assert_string_equal(dialect->words[i], dialect_name((enum dialect)i));
    for (unsigned i = 0; i <= MODALITY_AUDIO; i++)
        assert_string_equal(modality->words[i], modality_name((enum modality)i));
    assert_null(dialect->words[DIALECT_OPENAI + 1]);
    assert_null(modality->words[MODALITY_AUDIO + 1]);
}

static void test_edit_distance(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},       {"abc", "", 3},          {"kitten", "sitting", 3},
        {"ca", "abc", 3}, /* the textbook pairs */
        {"teh", "the", 1}, {"Region", "region", 0}, {"flaw", "lawn", 2},
        {"a", "b", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(suggest_distance(cases[i].a, cases[i].b), cases[i].distance);
        assert_int_equal(suggest_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
    struct suggestion suggestion = suggest_start("retr");
    suggest_offer(&suggestion, "seed");
    assert_null(suggestion.best);
    suggest_offer(&suggestion, "rate");
    suggest_offer(&suggestion, "retry");
    assert_string_equal(suggestion.best, "retry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_file_is_up_to_date),
        cmocka_unit_test(test_every_shipped_profile_loads),
        cmocka_unit_test(test_demo_is_short),
        cmocka_unit_test(test_incident_adds_up),
        cmocka_unit_test(test_two_regions_are_ready_to_fill_in),
        cmocka_unit_test(test_help_names_every_key),
        cmocka_unit_test(test_words_match_the_enums),
        cmocka_unit_test(test_edit_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
