/* Hour profiles: 24 rates, alone or with a zone. */
#include "test_profile_fixture.h"

#include <math.h>

#define FAULT(hours)                                                                               \
    PROFILE(", \"simulator\": {\"faults\": [{\"fault\": \"server_error\", \"hours\": " hours "}]"  \
            "}")
#define SIX "\"1%\", \"2%\", \"0%\", \"100%\", \"50%\", \"0.25%\""
#define RATES "[" SIX ", " SIX ", " SIX ", " SIX "]"

static void are_read_in_order(void **state)
{
    static const double six[] = {0.01, 0.02, 0, 1, 0.5, 0.0025};
    static const char *const forms[] = {
        FAULT(RATES), FAULT("{\"rates\": " RATES "}"),
        FAULT("{\"zone\": \"America/Los_Angeles\", \"rates\": " RATES "}")};
    (void)state;
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        struct profile *profile = parsed(forms[f]);
        const struct hours *hours = profile->simulator.faults[0].hours;
        assert_non_null(hours);
        assert_int_equal(hours->zone != NULL, f == 2);
        for (size_t i = 0; i < 24; i++) assert_true(fabs(hours->rates[i] - six[i % 6]) < 1e-15);
        profile_free(profile);
    }
}

static void what_is_no_hour_profile_is_refused(void **state)
{
    static const struct {
        const char *json, *wanted;
    } rows[] = {
        {FAULT("[\"1%\", \"2%\"]"), "has 2 rates: write 24"},
        {FAULT("[" SIX "," SIX "," SIX "," SIX ", \"1%\"]"), "has 25 rates: write 24"},
        {FAULT("[]"), "has 0 rates"},
        {FAULT("[" SIX "," SIX "," SIX ", 0.5, \"2%\", \"3%\", \"4%\", \"5%\", \"6%\"]"),
         "hours[18]: \"0.5\" has no %"},
        {FAULT("\"5%\""), "hours"},
        {FAULT("[" SIX "," SIX "," SIX "," SIX "]]"), "sample.json:1:"},
        {FAULT("{\"zone\": \"Mars/Olympus\", \"rates\": " RATES "}"), "Mars/Olympus"},
        {FAULT("{\"zone\": 5, \"rates\": " RATES "}"), "hours.zone: must be a time zone"},
        {FAULT("{\"zone\": \"UTC\"}"), "\"rates\" is missing"},
        {FAULT("{\"rates\": \"1%\"}"), "hours.rates: must be a list of 24 rates"},
        {FAULT("{\"rates\": " RATES ", \"day\": 1}"), "unknown key: an hour profile has zone"},
        {FAULT("[" SIX "," SIX "," SIX ", \"1%\", \"2%\", \"3%\", \"4%\", \"5%\", true]"),
         "hours[23]: must be a share"},
        {FAULT("[" SIX "," SIX "," SIX ", \"1%\", \"2%\", \"101%\", \"4%\", \"5%\", \"6%\"]"),
         "hours[20]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct profile *profile = NULL;
        struct error err = {0};
        enum err_code code =
            profile_parse("sample.json", rows[i].json, strlen(rows[i].json), &profile, &err);
        if (code != ERR_PROFILE || strstr(err.text, rows[i].wanted) == NULL)
            fail_msg("row %zu: %d, \"%s\"", i, code, err.text);
        assert_null(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_read_in_order),
        cmocka_unit_test(what_is_no_hour_profile_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
