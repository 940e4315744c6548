/* What a run changes in a profile that has been read. */
#include "base/clock.h"
#include "profile/adjust.h"
#include "test_profile_fixture.h"

#define THREE                                                                                      \
    "{ \"name\": \"three\", \"regions\": [{" REGION_KEYS("a") "}, {" REGION_KEYS(                  \
        "b") "}, {" REGION_KEYS("c") "}],"                                                         \
                                     "\"thresholds\": [\"failure_rate < 1%\", "                    \
                                     "\"failure_rate{region=a} < 1%\", "                           \
                                     "\"failure_rate{region=c} < 1%\"],"                           \
                                     "\"simulator\": { \"latency\": [{ \"regions\": [\"a\"], "     \
                                     "\"delta\": \"1ms\" }, { \"delta\": "                         \
                                     "\"2ms\" }],"                                                 \
                                     "\"faults\": [{ \"fault\": \"stall\", \"rate\": \"1%\", "     \
                                     "\"regions\": [\"a\", \"c\"] },"                              \
                                     "{ \"fault\": \"server_error\", \"rate\": \"2%\", "           \
                                     "\"regions\": [\"b\"] }, { \"fault\": "                       \
                                     "\"stall\", \"rate\": \"3%\" }], \"quota\": [{ \"regions\": " \
                                     "[\"b\"], \"rpm\": 1 }, { "                                   \
                                     "\"regions\": "                                               \
                                     "[\"b\", \"c\"], \"rpm\": 2 }] } }"

static void test_keeping_regions(void **state)
{
    (void)state;
    struct profile *profile = parsed(THREE);
    struct error err = {0};
    static const char *const wrong[] = {"c", "bb"};
    assert_int_equal(profile_keep_regions(profile, wrong, 2, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "\"bb\": did you mean \"b\"? (it has a, b, c)"));
    assert_int_equal(profile->region_count, 3);

    static const char *const names[] = {"c"};
    assert_int_equal(profile_keep_regions(profile, names, 1, &err), ERR_OK);
    assert_int_equal(profile->region_count, 1);
    assert_string_equal(profile->regions[0].name, "c");
    assert_int_equal(profile->threshold_count, 2);
    assert_string_equal(profile->thresholds[1], "failure_rate{region=c} < 1%");
    assert_int_equal(profile->simulator.latency_count, 2); /* the built-in one, and the one for
                                                              all */
    assert_true(profile->simulator.latency[1].delta.median_ns == 2 * NS_PER_MS);
    assert_int_equal(profile->simulator.fault_count, 2);
    assert_int_equal(profile->simulator.faults[0].region_count, 1);
    assert_string_equal(profile->simulator.faults[0].regions[0], "c");
    assert_true(profile->simulator.faults[1].rate == 0.03);
    assert_int_equal(profile->simulator.quota_count, 1);
    assert_int_equal(profile->simulator.quota[0].rpm, 2);
    assert_int_equal(profile->simulator.quota[0].region_count, 1);
    assert_int_equal(profile_check(profile, &err), ERR_OK);
    assert_int_equal(profile_keep_regions(profile, NULL, 0, &err), ERR_OK);
    assert_int_equal(profile->region_count, 1);
    profile_free(profile);
}

/* A rule for a deployment is removed with the last region that has it. */
static void test_keeping_regions_with_deployments(void **state)
{
    (void)state;
    static const char json[] =
        "{ \"name\": \"two\", \"regions\": ["
        "{ \"name\": \"a\", \"endpoint\": \"https://a.example.com\", \"deployment\": \"x\" },"
        "{ \"name\": \"b\", \"endpoint\": \"https://b.example.com\", \"deployment\": \"y\" }],"
        "\"simulator\": { \"faults\": ["
        "{ \"fault\": \"stall\", \"rate\": \"1%\", \"deployments\": [\"x\"] },"
        "{ \"fault\": \"stall\", \"rate\": \"2%\", \"deployments\": [\"x\", \"y\"] }] } }";
    struct profile *profile = parsed(json);
    struct error err = {0};
    static const char *const names[] = {"b"};
    assert_int_equal(profile_keep_regions(profile, names, 1, &err), ERR_OK);
    assert_int_equal(profile->simulator.fault_count, 1);
    assert_true(profile->simulator.faults[0].rate == 0.02);
    assert_int_equal(profile->simulator.faults[0].deployment_count, 1);
    assert_string_equal(profile->simulator.faults[0].deployments[0], "y");
    assert_int_equal(profile_check(profile, &err), ERR_OK);
    profile_free(profile);
}

static void test_holding_and_cutting_the_load(void **state)
{
    (void)state;
    struct profile *profile =
        parsed(PROFILE(", \"load\": { \"stages\": [{ \"duration\": \"10s\", \"target\": 20 }, { "
                       "\"duration\": \"20s\", \"target\": 40 }] }"));
    struct load *load = &profile->load;
    struct error err = {0};
    assert_int_equal(load_cut(load, 20 * NS_PER_S, &err), ERR_OK); /* half of the second ramp */
    assert_int_equal(load->stage_count, 2);
    assert_true(load->stages[1].duration_ns == 10 * NS_PER_S);
    assert_true(load->stages[1].target == 30);
    assert_int_equal(load_cut(load, 60 * NS_PER_S, &err), ERR_OK); /* holds the last target */
    assert_int_equal(load->stage_count, 3);
    assert_true(load->stages[2].duration_ns == 40 * NS_PER_S);
    assert_true(load->stages[2].target == 30);
    assert_int_equal(load_cut(load, 10 * NS_PER_S, &err), ERR_OK);
    assert_int_equal(load->stage_count, 1);
    assert_true(load->stages[0].target == 20);

    load->model = LOAD_ARRIVALS;
    assert_int_equal(load_hold(load, 2.5, &err), ERR_OK);
    assert_int_equal(load->stage_count, 2);
    assert_true(load->stages[0].duration_ns == 0 && load->stages[0].target == 2.5);
    assert_true(load->stages[1].duration_ns == 10 * NS_PER_S && load->stages[1].target == 2.5);
    assert_int_equal(profile_check(profile, &err), ERR_OK);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeping_regions),
        cmocka_unit_test(test_keeping_regions_with_deployments),
        cmocka_unit_test(test_holding_and_cutting_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
