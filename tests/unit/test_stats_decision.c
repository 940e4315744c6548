/* Stratified comparison and sample sizes, against published figures. */
#include "stats/rate.h"
#include "stats/sample_size.h"
#include "stats/stratified.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("%.12g is not %.12g", got, wanted);
}

/* UC Berkeley admissions (Bickel et al. 1975), six departments; R: mantelhaen.test(UCBAdmissions,
 * correct=FALSE). */
static void test_berkeley(void **state)
{
    (void)state;
    static const struct stratum departments[] = {
        /* rejected of applied: women, men */
        {19, 108, 313, 825},  {8, 25, 207, 560},    {391, 593, 205, 325},
        {244, 375, 279, 417}, {299, 393, 138, 191}, {317, 341, 351, 373},
    };
    struct stratified s = stratified_compare(departments, COUNT_OF(departments), 0.95);
    assert_true(s.valid);
    assert_int_equal(s.used, 6);
    assert_near(s.chi_squared, 1.5246, 0.00005);
    assert_near(s.p, 0.2169, 0.00005);
    assert_near(1 / s.odds_ratio, 0.9046968, 0.0000005);
    assert_near(1 / s.high, 0.7719074, 0.0000005);
    assert_near(1 / s.low, 1.0603298, 0.0000005);
}

static void test_strata_extremes(void **state)
{
    (void)state;
    struct stratified s = stratified_compare(NULL, 0, 0.95);
    assert_false(s.valid);
    assert_near(s.p, 1, 0);
    const struct stratum silent[] = {
        {0, 10, 0, 10}, {10, 10, 10, 10}, {0, 0, 3, 10}, {NAN, 10, 3, 10}};
    s = stratified_compare(silent, COUNT_OF(silent), 0.95);
    assert_false(s.valid);
    assert_int_equal(s.used, 0);
    const struct stratum one_sided[] = {{0, 100, 10, 100}};
    s = stratified_compare(one_sided, 1, 0.95);
    assert_true(s.valid && isinf(s.odds_ratio) && s.low == 0 && isinf(s.high));
    const struct stratum large[] = {{0x1p38, 0x1p40, 0x1p39, 0x1p40}};
    s = stratified_compare(large, 1, 0.95);
    assert_true(s.valid && isfinite(s.chi_squared) && s.p < 1e-300);
    assert_near(s.odds_ratio, 3, 1e-9);
}

/* The statistics page, section 3: per arm, power 80%, level 5%. */
static void test_sample_sizes(void **state)
{
    (void)state;
    static const struct {
        double p1, p2, n;
    } rows[] = {{0.02, 0.05, 588}, {0.02, 0.04, 1141}, {0.01, 0.03, 769},
                {0.01, 0.05, 285}, {0.005, 0.02, 861}, {0.02, 0.03, 3826}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double n = sample_size_to_tell(rows[i].p1, rows[i].p2, 0.95, 0.8, 1);
        if (fabs(n - rows[i].n) > 1)
            fail_msg("%g against %g: %g, not %g", rows[i].p1, rows[i].p2, n, rows[i].n);
    }
    assert_true(isinf(sample_size_to_tell(0.02, 0.02, 0.95, 0.8, 1)));
    assert_true(isnan(sample_size_to_tell(0.02, 1.5, 0.95, 0.8, 1)));
    /* The failure catalogue, section 2.4: around 2.9%. */
    assert_near(sample_size_for_width(0.029, 0.01, 0.95, 1), 1082, 1);
    assert_near(sample_size_for_width(0.029, 0.005, 0.95, 1), 4327, 1);
    assert_near(sample_size_for_width(0.029, 0.0025, 0.95, 1), 17308, 1);

    /* Without a failure on either side Newcombe's interval ends at z^2 / (n + z^2). */
    const double z2 = 1.959963984540054 * 1.959963984540054;
    static const double margins[] = {0.05, 0.005, 0.0005};
    for (size_t i = 0; i < COUNT_OF(margins); i++) {
        double n = ceil(z2 * (1 - margins[i]) / margins[i]);
        assert_near(sample_size_to_equal(0, 0, margins[i], 0.95), n, 1);
    }
    /* 1% on both sides: Wilson's (0.0081, 0.0123) at 8,700 is the last that reaches beyond. */
    double n = sample_size_to_equal(0.01, 0.01, 0.003, 0.95);
    assert_true(n > 8000 && n < 9500);
    assert_true(isinf(sample_size_to_equal(0.01, 0.02, 0.005, 0.95)));
    assert_true(isnan(sample_size_to_equal(-1, 0, 0.005, 0.95)));
}

static void test_share_over_a_limit(void **state)
{
    (void)state;
    struct histogram *h = histogram_new(1, 60000000, 3);
    assert_non_null(h);
    assert_true(histogram_record(h, 500000, 950));
    assert_true(histogram_record(h, 2000000, 30));
    const struct cluster_sums single = {0};
    struct estimate share = rate_over(h, 1000000, 20, &single, 0.95);
    struct estimate wilson = rate_wilson(50, 1000, 0.95);
    assert_near(share.value, 0.05, 1e-12);
    assert_near(share.low, wilson.low, 1e-12);
    assert_near(share.high, wilson.high, 1e-12);
    /* 500000 shares its bucket with 500001 to 500223: whether these 950 are over 500100 is not
     * known. */
    share = rate_over(h, 500100, 20, &single, 0.95);
    assert_near(share.value, 0.05, 1e-12);
    assert_true(share.high > 0.99);
    assert_false(rate_over(NULL, 500100, 0, &single, 0.95).valid);
    assert_near(rate_over(NULL, 500100, 3, &single, 0.95).value, 1, 0);
    /* Sessions of ten attempts that fail whole or not at all: the interval is that of the
     * sessions. */
    struct cluster_sums sums = {0};
    for (int i = 0; i < 100; i++) cluster_add(&sums, 10, i < 5 ? 10 : 0, 1);
    share = rate_over(h, 1000000, 20, &sums, 0.95);
    struct estimate expected = rate_in_sessions(50, 1000, &sums, 0.95);
    assert_near(share.high, expected.high, 1e-12);
    assert_true(share.high > 1.5 * wilson.high);
    histogram_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_berkeley),
        cmocka_unit_test(test_strata_extremes),
        cmocka_unit_test(test_sample_sizes),
        cmocka_unit_test(test_share_over_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
