#include "stats/rate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void close_to(const char *what, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%s is %.12g, wanted %.12g", what, got, want);
}

/*
 * Both intervals at 95% from SciPy 1.10.1: binomtest(x, n).proportion_ci(0.95, 'wilson' or
 * 'exact'). The rows 81/263, 15/148, 0/20 and 1/29 are also in table I of Newcombe 1998 (Statistics
 * in Medicine 17:857); 290/10000, 8/997 and 135/893 are the reference incident.
 */
static const struct {
    uint64_t x, n;
    double wilson_low, wilson_high, exact_low, exact_high;
} rates[] = {
    {0, 1, 0, 0.793450685622763, 0, 0.975},
    {1, 1, 0.206549314377237, 1, 0.025, 1},
    {1, 2, 0.0945312057342307, 0.905468794265769, 0.012579117093679, 0.987420882906321},
    {3, 100, 0.0102545240240389, 0.0845193642905276, 0.00622997153830623, 0.0851760529742803},
    {81, 263, 0.255288519878274, 0.3662095769828, 0.252736745585043, 0.367621922601348},
    {15, 148, 0.0623863995307363, 0.160487241723308, 0.057844010083448, 0.161650490349479},
    {0, 20, 0, 0.161125158052819, 0, 0.168433470983085},
    {1, 29, 0.00611321429276267, 0.171755218793203, 0.000872646883597107, 0.177644295488415},
    {0, 100, 0, 0.0369934982069857, 0, 0.0362166926451905},
    {500, 1000, 0.469069600368104, 0.530930399631896, 0.468549172971792, 0.531450827028208},
    {999, 1000, 0.994357441402042, 0.999823453629374, 0.99444107572015, 0.999974682512508},
    {290, 10000, 0.0258875789100947, 0.0324741475550827, 0.0257988142944831, 0.0324792419021337},
    {8, 997, 0.00407142638800449, 0.0157533506991414, 0.00347040593133183, 0.0157491126810864},
    {135, 893, 0.129177912519953, 0.17616196235691, 0.128302497765703, 0.176377008864067},
};

static void intervals_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct estimate w = rate_wilson((double)rates[i].x, (double)rates[i].n, 0.95);
        assert_true(w.valid);
        close_to("value", w.value, (double)rates[i].x / (double)rates[i].n, 0);
        close_to("Wilson low", w.low, rates[i].wilson_low, 1e-13);
        close_to("Wilson high", w.high, rates[i].wilson_high, 1e-13);
        struct estimate e = rate_clopper_pearson(rates[i].x, rates[i].n, 0.95);
        close_to("exact low", e.low, rates[i].exact_low, 1e-12);
        close_to("exact high", e.high, rates[i].exact_high, 1e-12);
    }
}

/* An observed 3%, and no failure at all, at the sizes that the statistics page prints, in per
 * cent. */
static void intervals_by_sample_size(void **state)
{
    (void)state;
    static const struct {
        double n, low, high, high_of_none;
    } rows[] = {{100, 1.03, 8.45, 3.7},
                {300, 1.59, 5.60, 1.26},
                {500, 1.83, 4.89, 0.76},
                {1000, 2.11, 4.25, 0.38}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct estimate w = rate_wilson(0.03 * rows[i].n, rows[i].n, 0.95);
        close_to("low", 100 * w.low, rows[i].low, 0.005);
        close_to("high", 100 * w.high, rows[i].high, 0.005);
        close_to("high of none", 100 * rate_wilson(0, rows[i].n, 0.95).high, rows[i].high_of_none,
                 0.05);
    }
}

static void check_sane(struct estimate e, double value)
{
    assert_true(e.valid);
    close_to("value", e.value, value, 1e-15);
    assert_true(isfinite(e.low) && isfinite(e.high));
    assert_true(0 <= e.low && e.low <= e.value && e.value <= e.high && e.high <= 1);
}

static void extremes(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 1000, UINT64_C(1) << 20, UINT64_C(1) << 40};
    static const double confidences[] = {0.01, 0.5, 0.95, 0.999999};
    for (size_t i = 0; i < COUNT(sizes) * COUNT(confidences); i++) {
        uint64_t n = sizes[i / COUNT(confidences)];
        double confidence = confidences[i % COUNT(confidences)];
        const uint64_t failed[] = {0, 1, n / 2, n - 1, n};
        for (size_t k = 0; k < COUNT(failed); k++) {
            double value = (double)failed[k] / (double)n;
            check_sane(rate_wilson((double)failed[k], (double)n, confidence), value);
            check_sane(rate_clopper_pearson(failed[k], n, confidence), value);
        }
        assert_true(rate_wilson(0, (double)n, confidence).low == 0);
        assert_true(rate_wilson((double)n, (double)n, confidence).high == 1);
        assert_true(rate_clopper_pearson(0, n, confidence).low == 0);
        assert_true(rate_clopper_pearson(n, n, confidence).high == 1);
    }
    /*
     * scipy.stats.beta.ppf(0.975, 2, 2**40 - 1); the formula of Wilson 1927 in 40 digits by
     * Python's decimal
     */
    close_to("exact high", rate_clopper_pearson(1, UINT64_C(1) << 40, 0.95).high,
             5.0673801442165445e-12, 1e-22);
    close_to("Wilson high", rate_wilson(1, 0x1p40, 0.95).high, 5.152227700581120e-12, 1e-22);
}

static void check_unknown(struct estimate e)
{
    assert_false(e.valid);
    assert_true(e.value == 0 && e.low == 0 && e.high == 1);
}

static void nothing_to_say(void **state)
{
    (void)state;
    const struct cluster_sums none = {0};
    check_unknown(rate_wilson(0, 0, 0.95));
    check_unknown(rate_wilson(NAN, 10, 0.95));
    check_unknown(rate_wilson(1, NAN, 0.95));
    check_unknown(rate_wilson(1, INFINITY, 0.95));
    check_unknown(rate_wilson(1, 10, 0));
    check_unknown(rate_wilson(1, 10, 1));
    check_unknown(rate_wilson(1, 10, NAN));
    check_unknown(rate_clopper_pearson(0, 0, 0.95));
    check_unknown(rate_clopper_pearson(1, 10, 1.5));
    check_unknown(rate_clustered(&none, 0.95, NULL));
    check_sane(rate_wilson(12, 10, 0.95), 1); /* more failures than attempts: bounded */
    check_sane(rate_clopper_pearson(12, 10, 0.95), 1);
}

/* Sessions as (attempts, failed) pairs. */
struct session {
    uint64_t attempts, failed;
};

static struct cluster_sums sums_of(const struct session *sessions, size_t count)
{
    struct cluster_sums sums = {0};
    for (size_t i = 0; i < count; i++) {
        cluster_add(&sums, sessions[i].attempts, sessions[i].failed,
                    sessions[i].failed > 0 ? 1 : 0);
    }
    return sums;
}

/*
 * Expected values by NumPy from the formula in rate.h, session by session: v = ((x - m*p)**2).sum()
 * / n**2 * S/(S-1), deff = max(1, v / (p*(1-p)/(n-1))), and in Wilson's interval on n/deff SciPy's
 * t.ppf(0.975, min(S-1, 2*(x > 0).sum())), or norm.ppf where deff is 1.
 */
static void adjusted_for_sessions(void **state)
{
    (void)state;
    static const struct session even[10] = {{10, 5}, {10, 0}, {10, 0}, {10, 3}, {10, 0},
                                            {10, 0}, {10, 0}, {10, 0}, {10, 0}, {10, 2}};
    static const struct session uneven[6] = {{10, 1}, {20, 6}, {5, 0}, {8, 0}, {40, 20}, {3, 3}};
    struct session many[40] = {{10, 10}, {10, 9}, {10, 8}, {10, 7}};
    struct session scattered[40] = {{10, 1}, {10, 1}, {10, 1}, {10, 1}};
    for (size_t i = 4; i < 40; i++) many[i].attempts = scattered[i].attempts = 10;
    const struct {
        const struct session *sessions;
        size_t count;
        double confidence, deff, value, low, high;
        const char *method;
    } cases[] = {
        {even, 10, 0.95, 3.422222222222222, 0.1, 0.02684129596495698, 0.30920394211907715,
         "sessions"},
        {uneven, 6, 0.95, 3.542837827397049, 0.3488372093023256, 0.15835977712135266,
         0.6040034716405175, "sessions"},
        {many, 40, 0.95, 8.718022896422122, 0.085, 0.028424805967857167, 0.22778001184695756,
         "sessions"},
        {scattered, 40, 0.99, 1, 0.01, 0.00297992537001991, 0.0330103369595326, "Wilson"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cluster_sums sums = sums_of(cases[i].sessions, cases[i].count);
        const char *method = NULL;
        struct estimate e = rate_clustered(&sums, cases[i].confidence, &method);
        assert_true(e.valid);
        close_to("design effect", cluster_design_effect(&sums), cases[i].deff, 1e-9);
        close_to("value", e.value, cases[i].value, 1e-12);
        close_to("low", e.low, cases[i].low, 1e-8);
        close_to("high", e.high, cases[i].high, 1e-8);
        assert_non_null(strstr(method, cases[i].method));
    }
}

/* With at most one failed session the interval is Clopper and Pearson's for sessions: 1 of 29 in
 * Newcombe's table. */
static void exact_when_too_few_failed(void **state)
{
    (void)state;
    struct session sessions[29] = {{10, 4}};
    for (size_t i = 1; i < 29; i++) sessions[i].attempts = 10;
    struct cluster_sums sums = sums_of(sessions, 29);
    const char *method = NULL;
    struct estimate e = rate_clustered(&sums, 0.95, &method);
    assert_non_null(strstr(method, "Clopper-Pearson"));
    close_to("value", e.value, 4.0 / 290, 1e-15);
    close_to("low", e.low, 0.000872646883597107, 1e-12);
    close_to("high", e.high, 0.177644295488415, 1e-12);
    close_to("design effect", cluster_design_effect(&sums), 1, 0);

    sessions[0].failed = 0;
    sums = sums_of(sessions, 20);
    e = rate_clustered(&sums, 0.95, &method);
    assert_true(e.value == 0 && e.low == 0);
    close_to("high of none", e.high, 0.168433470983085, 1e-12);

    /* Every attempt of 20 sessions failed: the mirror image of none. */
    for (size_t i = 0; i < 20; i++) sessions[i].failed = 10;
    sums = sums_of(sessions, 20);
    e = rate_clustered(&sums, 0.95, &method);
    assert_true(e.value == 1 && e.high == 1);
    close_to("low of all", e.low, 1 - 0.168433470983085, 1e-12);

    /* One long session that failed throughout: the share of attempts is above what the share of
     * sessions allows. */
    sessions[0] = (struct session){100000, 100000};
    for (size_t i = 1; i < 29; i++) sessions[i] = (struct session){1, 0};
    sums = sums_of(sessions, 29);
    e = rate_clustered(&sums, 0.95, NULL);
    check_sane(e, 100000.0 / 100028);
}

static void sums_of_sessions(void **state)
{
    (void)state;
    struct cluster_sums sums = {0};
    cluster_add(&sums, 0, 0, 0); /* a session without attempts says nothing */
    cluster_add(&sums, 10, 0, 0);
    cluster_add(&sums, 10, 3, 4);
    cluster_add(&sums, 5, 1, 5);
    assert_int_equal(sums.count, 3);
    assert_int_equal(sums.with_failure, 2);
    assert_int_equal(sums.first_failures, 2);
    assert_int_equal(sums.at_risk, 10 + 4 + 5);
    assert_true(sums.m == 25 && sums.x == 4 && sums.mm == 225 && sums.mx == 35 && sums.xx == 10);

    struct cluster_sums odd = {0};
    cluster_add(&odd, 4, 9, 9); /* impossible figures are clamped: all four failed, from the
                                   first */
    assert_true(odd.x == 4 && odd.at_risk == 1);
    struct cluster_sums merged = odd;
    cluster_merge(&merged, &sums);
    assert_true(merged.count == 4 && merged.with_failure == 3 && merged.at_risk == 20);
    assert_true(merged.m == 29 && merged.x == 8 && merged.mm == 241 && merged.mx == 51 &&
                merged.xx == 26);
    assert_int_equal(merged.first_failures, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_as_published),
        cmocka_unit_test(intervals_by_sample_size),
        cmocka_unit_test(extremes),
        cmocka_unit_test(nothing_to_say),
        cmocka_unit_test(adjusted_for_sessions),
        cmocka_unit_test(exact_when_too_few_failed),
        cmocka_unit_test(sums_of_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
