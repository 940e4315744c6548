/* Patterns over the windows of a run whose counts are known by hand. */
#include "figures/patterns.h"

#include "figures/incidents.h"
#include "report/report.h"
#include "test_report_fixture.h"

#include <math.h>

#define TWO(windows, stages)                                                                       \
    "{\"name\":\"two\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":\"https://"                 \
    "a.openai.azure.com\","                                                                        \
    "\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}},{\"name\":\"swedencentral\","        \
    "\"endpoint\":"                                                                                \
    "\"https://b.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],"    \
    "\"load\":{\"stages\":[" stages "]},\"windows\":{\"interval\":\"1m\","                         \
    "\"report\":[" windows "]}}"
#define LEVEL "{\"duration\":\"0s\",\"target\":1},{\"duration\":\"60h\",\"target\":1}"
#define BY_HOUR "\"1h\",\"peak=08:00-09:00@America/Los_Angeles\""
#define BY_HALF_HOUR "\"30m\""
#define MINUTE (60 * NS_PER_S)

static void is_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("%.10g is not %.10g", got, wanted);
}

/* Attempts of one region in one interval, each a session of its own. */
struct counts {
    int ok, failed, refused;
};
typedef struct counts counted(size_t region, int interval);

static struct results *drive(struct maker *m, counted *how, int intervals, int64_t length_ns)
{
    uint64_t number = 0;
    for (int i = 0; i < intervals; i++) {
        int64_t start_ns = SIX_PDT + i * length_ns;
        maker_interval(m, start_ns, start_ns + length_ns);
        for (size_t r = 0; r < m->profile->region_count; r++) {
            struct counts counts = how(r, i);
            for (int k = 0; k < counts.ok; k++) maker_session(m, r, ++number, ".", 100);
            for (int k = 0; k < counts.failed; k++) maker_session(m, r, ++number, "F", 100);
            for (int k = 0; k < counts.refused; k++) maker_session(m, r, ++number, "Q", 100);
        }
        maker_write(m);
    }
    maker_finish(m, "complete");
    return maker_load(m, NULL, 0);
}

static char *report_of(const struct results *results)
{
    struct text out = {0};
    results_text(results, false, &out);
    char *report = text_take(&out);
    assert_non_null(report);
    return report;
}

/* ---- hours ---- */

static struct counts two_days(size_t region, int hour)
{
    int failed = region == 1 ? 1 : hour == 2 ? 30 : hour == 26 ? 10 : 0;
    return (struct counts){100 - failed, failed, 0};
}

/* Two days: each hour holds what both days had in it, by the clock of Los Angeles. */
static void hours_of_two_days(void **state)
{
    (void)state;
    struct maker *m = maker_new(TWO(BY_HOUR, LEVEL), NULL);
    struct results *results = drive(m, two_days, 48, HOUR);
    const struct patterns *patterns = results->patterns;
    assert_non_null(patterns->hours);
    for (size_t h = 0; h < DAY_HOURS; h++) {
        is_near(patterns->hours[h].attempts, 200, 0);
        is_near(patterns->hours[h].failed, h == 8 ? 40 : 0, 0);
        is_near(patterns->hours[DAY_HOURS + h].failed, 2, 0);
    }
    char *report = report_of(results);
    assert_non_null(strstr(report, "Failure rate by hour of the day"));
    assert_non_null(strstr(report, "20.0% (15.0-26.1)"));
    free(report);
    results_free(results);
    maker_free(m);
}

/* ---- together ---- */

/* Failures here and there, at other times in each region. */
static struct counts apart(size_t region, int interval)
{
    int failed = (interval * 7 + (int)region * 11) % 23 == 0;
    return (struct counts){20 - failed, failed, 0};
}

static struct counts never_fails(size_t region, int interval)
{
    return region == 0 ? apart(0, interval) : (struct counts){20, 0, 0};
}

/* Both fail in the same minutes, which come irregularly. */
static struct counts shared(size_t region, int interval)
{
    int failed = interval * interval * 31 % 97 < 6;
    (void)region;
    return (struct counts){20 - failed, failed, 0};
}

/* The same minutes, but it is the quota that refuses. */
static struct counts shared_quota(size_t region, int interval)
{
    struct counts counts = shared(region, interval);
    counts.refused = counts.failed;
    counts.failed = 0;
    return counts;
}

/* The load rises from 1 to 36 attempts a minute and one region never fails. */
static struct counts ramp(size_t region, int interval)
{
    int attempts = 1 + interval / 5;
    int failed = region == 0 && interval % 9 == 0;
    return (struct counts){attempts - failed, failed, 0};
}

static void regions_that_fail_together(void **state)
{
    (void)state;
    static const struct {
        counted *how;
        enum together_verdict verdict;
        const char *said;
    } cases[] = {
        {apart, TOGETHER_NOT_SEEN, "together as often as by chance"},
        {never_fails, TOGETHER_UNKNOWN, "unknown: too few failures or too little time"},
        {shared, TOGETHER_YES, "together, beyond chance"},
        {shared_quota, TOGETHER_UNKNOWN, "unknown: too few failures or too little time"},
        {ramp, TOGETHER_UNKNOWN, "unknown: too few failures or too little time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct maker *m = maker_new(TWO(BY_HOUR, LEVEL), NULL);
        struct results *results = drive(m, cases[i].how, 180, MINUTE);
        assert_int_equal(results->patterns->together_count, 1);
        assert_int_equal(results->patterns->together[0].verdict, cases[i].verdict);
        char *report = report_of(results);
        if (strstr(report, cases[i].said) == NULL) fail_msg("%zu: not said in %s", i, report);
        assert_null(strstr(report, "backend"));
        free(report);
        results_free(results);
        maker_free(m);
    }
}

/* ---- the window that stands out ---- */

/* The load doubles in the last hour of four, and meets the quota there. */
#define STEP                                                                                       \
    "{\"duration\":\"0s\",\"target\":1},{\"duration\":\"3h\",\"target\":1},"                       \
    "{\"duration\":\"0s\",\"target\":2},{\"duration\":\"1h\",\"target\":2}"

static struct counts quota_step(size_t region, int interval)
{
    int refused = region == 0 && interval >= 180 ? 10 : 0;
    int failed = (interval * 7 + (int)region * 11) % 23 == 0;
    int attempts = interval >= 180 ? 40 : 20;
    return (struct counts){attempts - refused - failed, failed, refused};
}

/* The service itself fails more at the higher load, in the last half-hour: that is the load, not
 * the hour. It is spread too thinly for an incident. */
#define LATE_STEP                                                                                  \
    "{\"duration\":\"0s\",\"target\":1},{\"duration\":\"210m\",\"target\":1},"                     \
    "{\"duration\":\"0s\",\"target\":2},{\"duration\":\"30m\",\"target\":2}"

static struct counts overload_step(size_t region, int interval)
{
    bool high = interval >= 210;
    int failed = region == 0 && high ? interval % 2 : interval % 20 == 0;
    int attempts = high ? 40 : 20;
    return (struct counts){attempts - failed, failed, 0};
}

/* Half an hour of four with five times the failures of the rest, too thinly for an incident. */
static struct counts half_hour(size_t region, int interval)
{
    int every = region == 0 && interval >= 60 && interval < 90 ? 3 : 14;
    int failed = interval % every == 0;
    return (struct counts){20 - failed, failed, 0};
}

static struct concentration first_concentration(counted *how, const char *profile)
{
    struct maker *m = maker_new(profile, NULL);
    struct results *results = drive(m, how, 240, MINUTE);
    struct concentration found = results->patterns->concentration[0];
    char *report = report_of(results);
    assert_int_equal(strstr(report, "  stands out\n") != NULL, found.stands_out);
    if (found.known) assert_int_equal((found.worst->start_ns - SIX_PDT) % (30 * MINUTE), 0);
    if (found.stands_out) assert_int_equal(found.worst->start_ns, SIX_PDT + HOUR);
    free(report);
    results_free(results);
    maker_free(m);
    return found;
}

static void window_that_stands_out(void **state)
{
    (void)state;
    struct concentration found = first_concentration(half_hour, TWO(BY_HALF_HOUR, LEVEL));
    assert_true(found.known);
    assert_true(found.stands_out);
    assert_false(found.by_incidents);
    assert_int_equal(found.windows, 8);
    is_near(found.failed, 10, 0); /* of the minutes 60, 63, ..., 87 */
    is_near(found.there.value, 10.0 / 600, 1e-12);
    is_near(found.rest.value, 16.0 / 4200, 1e-12); /* of 0, 14, ..., 238 but for 70 and 84 */
    is_near(found.expected, 600 * 26.0 / 4800, 1e-9);
    assert_false(first_concentration(apart, TWO(BY_HALF_HOUR, LEVEL)).stands_out);
    assert_false(first_concentration(quota_step, TWO(BY_HALF_HOUR, STEP)).stands_out);
    assert_false(first_concentration(overload_step, TWO(BY_HALF_HOUR, LATE_STEP)).stands_out);
}

/* ---- little ---- */

static struct counts nothing(size_t region, int interval)
{
    (void)region;
    (void)interval;
    return (struct counts){100, 0, 0};
}

static void nothing_is_claimed_of_little(void **state)
{
    (void)state;
    struct maker *m = maker_new(TWO(BY_HOUR, LEVEL), NULL);
    struct results *results = drive(m, nothing, 3, HOUR);
    assert_false(results->patterns->concentration[0].known);
    assert_int_equal(results->patterns->together[0].verdict, TOGETHER_UNKNOWN);
    assert_false(results->incidents->searched);
    results_free(results);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_of_two_days),
        cmocka_unit_test(regions_that_fail_together),
        cmocka_unit_test(window_that_stands_out),
        cmocka_unit_test(nothing_is_claimed_of_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
