/* Differences and tests, against published worked examples. */
#include "stats/comparison.h"

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

/* Newcombe 1998, Statistics in Medicine 17, 873-890, table II: method 10, no continuity
 * correction. */
static void test_newcombe_published(void **state)
{
    (void)state;
    static const struct {
        double x1, n1, x2, n2, low, high;
    } rows[] = {
        {56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090},
        {6, 7, 2, 7, 0.0582, 0.8062},     {5, 56, 0, 29, -0.0381, 0.1926},
        {0, 10, 0, 20, -0.1611, 0.2775},  {0, 10, 0, 10, -0.2775, 0.2775},
        {10, 10, 0, 20, 0.6791, 1.0000},  {10, 10, 0, 10, 0.6075, 1.0000},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct estimate first = rate_wilson(rows[i].x1, rows[i].n1, 0.95);
        struct estimate second = rate_wilson(rows[i].x2, rows[i].n2, 0.95);
        /* he subtracts the second from the first */
        struct difference d = rate_newcombe(&second, &first);
        assert_true(d.valid);
        assert_near(d.low, rows[i].low, 0.00006);
        assert_near(d.high, rows[i].high, 0.00006);
    }
}

/* The statistics page, section 3. */
static void test_newcombe_of_the_page(void **state)
{
    (void)state;
    struct estimate a = rate_wilson(20, 1000, 0.95);
    struct estimate b = rate_wilson(50, 1000, 0.95);
    struct difference d = rate_newcombe(&a, &b);
    assert_near(d.value, 0.03, 1e-12);
    assert_near(d.low, 0.014, 0.0005);
    assert_near(d.high, 0.047, 0.0005);
    struct estimate none = {0};
    assert_false(rate_newcombe(&none, &b).valid);
    assert_false(rate_newcombe(&a, &none).valid);
}

static void test_newcombe_extremes(void **state)
{
    (void)state;
    const double large = 0x1p40;
    struct estimate a = rate_wilson(0, large, 0.95);
    struct estimate b = rate_wilson(large, large, 0.95);
    struct difference d = rate_newcombe(&a, &b);
    assert_near(d.value, 1, 0);
    assert_true(d.low > 0.999999 && d.low < 1 && d.high <= 1);
    d = rate_newcombe(&a, &a);
    assert_near(d.value, 0, 0);
    assert_true(d.low < 0 && d.low > -1e-10 && d.high > 0);
}

static void test_difference_in_differences(void **state)
{
    (void)state;
    const struct difference treated = {true, 0.14, 0.12, 0.17};
    const struct difference control = {true, 0.01, -0.03, 0.05};
    struct difference d = difference_in_differences(&treated, &control);
    assert_near(d.value, 0.13, 1e-12);
    assert_near(d.low, 0.13 - sqrt(0.02 * 0.02 + 0.04 * 0.04), 1e-12);
    assert_near(d.high, 0.13 + sqrt(0.03 * 0.03 + 0.04 * 0.04), 1e-12);
    const struct difference none = {0};
    assert_false(difference_in_differences(&none, &control).valid);
}

/* Fisher's tea (The Design of Experiments, 1935): 34/70; the other values are R's fisher.test, as
 * published in its manual (convictions of twins). */
static void test_fisher_published(void **state)
{
    (void)state;
    assert_near(fisher_exact(3, 4, 1, 4), 34.0 / 70, 1e-12);
    /* convictions of like-sex twins */
    assert_near(fisher_exact(2, 17, 10, 13), 0.0005367241, 1e-10);
    assert_near(fisher_exact(10, 13, 2, 17), 0.0005367241, 1e-10);
    /* dieting, Wikipedia's worked example */
    assert_near(fisher_exact(1, 12, 9, 12), 0.002759456, 1e-9);
    assert_near(fisher_exact(0, 5, 5, 5), 2.0 / 252, 1e-12);
}

static void test_fisher_extremes(void **state)
{
    (void)state;
    assert_near(fisher_exact(0, 0, 5, 10), 1, 0);
    assert_near(fisher_exact(0, 10, 0, 10), 1, 0);
    assert_near(fisher_exact(10, 10, 10, 10), 1, 0);
    assert_near(fisher_exact(20, 10, 0, 10), fisher_exact(10, 10, 0, 10), 0);
    const uint64_t large = UINT64_C(1) << 40;
    assert_near(fisher_exact(large / 2, large, large / 2, large), 1, 1e-9);
    double p = fisher_exact(large / 2, large, large / 2 + 2000000, large);
    assert_near(p / rate_score_test(0x1p39, 0x1p40, 0x1p39 + 2000000, 0x1p40, NULL), 1, 0.001);
    p = fisher_exact(10, 1000, 300, 1000);
    assert_true(p > 0 && p < 1e-60);
}

static void test_score_test(void **state)
{
    (void)state;
    double z;
    /* Agresti, An Introduction to Categorical Data Analysis, 2.4: aspirin and heart attacks: X^2 =
     * 25.01 */
    double p = rate_score_test(104, 11037, 189, 11034, &z);
    assert_near(z * z, 25.01, 0.005);
    assert_true(z > 0);
    assert_near(p, 5.69e-7, 0.01e-7);
    /* The incident: 135 of 893 against 8 of 997. */
    p = rate_score_test(8, 997, 135, 893, &z);
    assert_true(p < 1e-20 && p > 1e-40);
    assert_near(rate_score_test(0, 10, 0, 20, &z), 1, 0);
    assert_near(rate_score_test(10, 10, 20, 20, NULL), 1, 0);
    assert_near(rate_score_test(1, 0, 2, 10, NULL), 1, 0);
    p = rate_score_test(0, 0x1p40, 0x1p40, 0x1p40, &z);
    assert_true(p >= 0 && p < 1e-300 && isfinite(z));
}

static void test_quantile_difference(void **state)
{
    (void)state;
    const struct quantile a = {true, true, 1000, 900, 1200};
    const struct quantile b = {true, true, 1500, 1300, 1900};
    struct difference d = quantile_difference(&a, &b);
    assert_near(d.value, 500, 0);
    assert_near(d.low, 500 - hypot(200, 200), 1e-9);
    assert_near(d.high, 500 + hypot(400, 100), 1e-9);
    const struct quantile one_sided = {true, false, 1500, 1300, 1900};
    assert_false(quantile_difference(&a, &one_sided).valid);
}

/* Wright 1992, Biometrics 48, 1005-1013, and R's p.adjust on the same numbers. */
static void test_many_comparisons(void **state)
{
    (void)state;
    const double p[] = {0.01, 0.02, 0.03, 0.04, 0.05};
    double adjusted[5];
    assert_true(holm_adjust(p, 5, adjusted));
    const double holm[] = {0.05, 0.08, 0.09, 0.09, 0.09};
    for (int i = 0; i < 5; i++) assert_near(adjusted[i], holm[i], 1e-12);
    double unsorted[] = {0.9, 0.001, 0.4};
    assert_true(holm_adjust(unsorted, 3, unsorted));
    assert_near(unsorted[0], 0.9, 1e-12);
    assert_near(unsorted[1], 0.003, 1e-12);
    assert_near(unsorted[2], 0.8, 1e-12);
    assert_true(holm_adjust(NULL, 0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newcombe_published), cmocka_unit_test(test_newcombe_of_the_page),
        cmocka_unit_test(test_newcombe_extremes),  cmocka_unit_test(test_difference_in_differences),
        cmocka_unit_test(test_fisher_published),   cmocka_unit_test(test_fisher_extremes),
        cmocka_unit_test(test_score_test),         cmocka_unit_test(test_quantile_difference),
        cmocka_unit_test(test_many_comparisons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
