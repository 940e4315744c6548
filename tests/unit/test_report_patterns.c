/* Patterns over the windows of a run whose counts are known by hand. */
#include "figures/patterns.h"

#include "report/report.h"
#include "test_report_fixture.h"

#include <math.h>

#define TWO                                                                                        \
    "{\"name\":\"two\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":\"https://"                 \
    "a.openai.azure.com\","                                                                        \
    "\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}},{\"name\":\"swedencentral\","        \
    "\"endpoint\":"                                                                                \
    "\"https://b.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],"    \
    "\"load\":{\"stages\":[{\"duration\":\"3h\",\"target\":1}]},\"windows\":{\"interval\":\"1h\"," \
    "\"report\":[\"1h\",\"peak=08:00-09:00@America/Los_Angeles\"]}}"

static void is_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("%.10g is not %.10g", got, wanted);
}

/* Sessions of one attempt each, `failed` of 100. */
static void sessions(struct maker *m, size_t region, uint64_t first, int failed)
{
    for (int i = 0; i < 100; i++)
        maker_session(m, region, first + (uint64_t)i, i < failed ? "F" : ".", 100);
}

static struct results *hours(struct maker *m, const int *a, const int *b, int count)
{
    for (int i = 0; i < count; i++) {
        int64_t start_ns = SIX_PDT + i * HOUR;
        maker_interval(m, start_ns, start_ns + HOUR);
        sessions(m, 0, (uint64_t)i * 100 + 1, a[i]);
        sessions(m, 1, (uint64_t)i * 100 + 1, b[i]);
        maker_write(m);
    }
    maker_finish(m, "complete");
    return maker_load(m, NULL, 0);
}

/*
 * SciPy 1.10: pearsonr of the two transformed columns and its confidence_interval(0.95). Exact
 * fractions: Fisher's test of 10 in 100 against 48 in 1100, as 4.8 failures were to be expected
 * there, times 12 windows.
 */
static void correlation_and_concentration(void **state)
{
    (void)state;
    static const int a[] = {1, 5, 2, 8, 3, 9, 4, 10, 2, 7, 1, 6};
    static const int b[] = {2, 6, 1, 9, 2, 8, 5, 11, 3, 6, 0, 7};
    struct maker *m = maker_new(TWO, NULL);
    struct results *results = hours(m, a, b, 12);
    const struct patterns *patterns = results->patterns;
    assert_null(patterns->hours);
    assert_int_equal(patterns->together_count, 1);
    assert_true(patterns->together[0].known);
    assert_int_equal(patterns->together[0].steps, 12);
    is_near(patterns->together[0].r, 0.9288686671058529, 1e-9);
    is_near(patterns->together[0].low, 0.760229728327111, 1e-9);
    is_near(patterns->together[0].high, 0.9802300198632428, 1e-9);
    const struct concentration *found = &patterns->concentration[0];
    assert_true(found->known);
    assert_int_equal(found->windows, 12);
    assert_int_equal(found->worst->start_ns, SIX_PDT + 7 * HOUR);
    is_near(found->p, 0.28367462697522494, 1e-9);
    is_near(found->share_failed, 10.0 / 58, 1e-12);
    is_near(found->share_attempts, 1.0 / 12, 1e-12);
    results_free(results);
    maker_free(m);
}

/* Two days: each hour holds what both days had in it, by the clock of Los Angeles. */
static void hours_of_two_days(void **state)
{
    (void)state;
    int a[48];
    int b[48];
    for (int i = 0; i < 48; i++) {
        a[i] = i == 2 ? 30 : i == 26 ? 10 : 0; /* 06:00 + 2 h and + 26 h: 08:00 of both days */
        b[i] = 1;
    }
    struct maker *m = maker_new(TWO, NULL);
    struct results *results = hours(m, a, b, 48);
    const struct patterns *patterns = results->patterns;
    assert_non_null(patterns->hours);
    for (size_t h = 0; h < DAY_HOURS; h++) {
        is_near(patterns->hours[h].attempts, 200, 0);
        is_near(patterns->hours[h].failed, h == 8 ? 40 : 0, 0);
        is_near(patterns->hours[DAY_HOURS + h].failed, 2, 0);
    }
    assert_false(patterns->together[0].known); /* one region's rate never varies */
    struct text out = {0};
    results_text(results, false, &out);
    assert_non_null(strstr(text_str(&out), "Failure rate by hour of the day"));
    assert_non_null(strstr(text_str(&out), "20.0% (15.0-26.1)"));
    text_free(&out);
    results_free(results);
    maker_free(m);
}

static void nothing_is_claimed_of_little(void **state)
{
    (void)state;
    static const int none[] = {0, 0, 0};
    struct maker *m = maker_new(TWO, NULL);
    struct results *results = hours(m, none, none, 3);
    const struct patterns *patterns = results->patterns;
    assert_false(patterns->concentration[0].known);
    assert_false(patterns->together[0].known);
    results_free(results);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlation_and_concentration),
        cmocka_unit_test(hours_of_two_days),
        cmocka_unit_test(nothing_is_claimed_of_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
