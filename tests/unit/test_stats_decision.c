/* Sample sizes, against published figures. */
#include "stats/rate.h"
#include "stats/sample_size.h"

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
        cmocka_unit_test(test_sample_sizes),
        cmocka_unit_test(test_share_over_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
