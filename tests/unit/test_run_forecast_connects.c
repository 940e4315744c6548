/* Whether load.connect_rate leaves room for what a load opens. */
#include "run/forecast.h"
#include "test_run_fixture.h"

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
        profile_free(profile);
    }
}

/* Ten slots in each of two regions, three turns of a second after a dial of half: 20 / 3.5 dials a
 * second of the run's clock. */
static void a_closed_load_needs_dials(void **state)
{
    (void)state;
    static const struct {
        double connect_rate, speed;
        bool tight, starved;
    } cases[] = {
        {11.5, 1, false, false}, {11.4, 1, true, false},  {5.8, 1, true, false},
        {5.7, 1, true, true},    {22.9, 2, false, false}, {22.8, 2, true, false},
        {2, 1, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = run_profile(RUN_PROFILE(""));
        struct text out = {0};
        profile->load.model = LOAD_SESSIONS;
        profile->load.stages[0].duration_ns = 60 * NS_PER_S;
        profile->load.connect_rate = cases[i].connect_rate;
        profile->simulator.clock_speed = cases[i].speed;
        assert_int_equal(forecast_connects(profile, &out), cases[i].tight);
        assert_int_equal(strstr(text_str(&out), "fewer are open at once") != NULL,
                         cases[i].starved);
        text_free(&out);
        profile_free(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrivals_leave_room_for_retries),
        cmocka_unit_test(a_closed_load_needs_dials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
