/* What the routing makes of a load, against figures worked out by hand. */
#include "run/forecast.h"
#include "test_run_fixture.h"

#include <math.h>

/* A load of 240 arrivals that two regions share, 1 to 3, or that the first one takes. */
static void a_shared_load_is_shared_out(void **state)
{
    static const struct {
        const char *routing;
        double attempts[2], rpm[2];
        const char *said;
    } rows[] = {{"each", {240, 240}, {120, 120}, NULL},
                {"weighted", {60, 180}, {30, 90}, "the regions share one load"},
                {"failover", {240, 0}, {120, 0}, "all load goes to the first region"},
                {"hedged", {240, 0}, {120, 0}, "Second attempts in another"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[1400];
        (void)snprintf(
            json, sizeof json,
            "{\"name\": \"s\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
            "\"https://a.example.com\", \"deployment\": \"d\", \"weight\": 1}, "
            "{\"name\": \"b\", \"endpoint\": \"https://b.example.com\", "
            "\"deployment\": \"d\", \"weight\": 3}], \"load\": {\"model\": \"arrivals\", "
            "\"arrival\": \"even\", \"routing\": \"%s\", \"stages\": [{\"duration\": "
            "\"0s\", \"target\": \"2/s\"}, {\"duration\": \"2m\", \"target\": \"2/s\"}]}, "
            "\"breaker\": {\"failure_rate\": \"50%%\"}, "
            "\"session\": {\"interactions\": 1, \"prompts\": [\"Say OK.\"]}}",
            rows[i].routing);
        struct profile *profile = run_profile(json);
        struct forecast_all all = forecast_make(profile, 1);
        struct text out = {0};
        forecast_table(profile, 1, &out);
        for (size_t r = 0; r < 2; r++) {
            if (fabs(all.regions[r].attempts - rows[i].attempts[r]) > 1 ||
                fabs(all.regions[r].rpm - rows[i].rpm[r]) > 2)
                fail_msg("%s, region %zu: %g attempts, %g RPM", rows[i].routing, r,
                         all.regions[r].attempts, all.regions[r].rpm);
        }
        assert_true(rows[i].said == NULL || strstr(text_str(&out), rows[i].said) != NULL);
        assert_non_null(strstr(text_str(&out), "Breaker: it is closed in all figures"));
        text_free(&out);
        forecast_free(&all);
        profile_free(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_load_is_shared_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
