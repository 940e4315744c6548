#include "stats/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * SciPy 1.10.1: binom.ppf(0.025, n, q) and binom.ppf(0.975, n, q) + 1. P99 at 500, 1000, 2000 and
 * 5000 are also on the statistics page, as are the least sample sizes.
 */
static const struct {
    double q;
    uint64_t n, low, high;
} ranks[] = {
    {0.5, 6, 1, 6},
    {0.5, 5, 0, 6},
    {0.5, 100, 40, 61},
    {0.9, 36, 29, 36},
    {0.9, 35, 28, 36},
    {0.95, 72, 64, 72},
    {0.95, 71, 63, 72},
    {0.99, 367, 359, 368},
    {0.99, 368, 360, 368},
    {0.99, 500, 490, 500},
    {0.99, 1000, 983, 997},
    {0.99, 2000, 1971, 1989},
    {0.99, 5000, 4936, 4964},
    {0.999, 3687, 3679, 3688},
    {0.999, 3688, 3680, 3688},
    {0.999, 100000, 99880, 99920},
    {0.25, 1000, 223, 278},
    {0.01, 1000, 4, 18},
    {0.99, UINT64_C(1) << 40, UINT64_C(1088516307011), UINT64_C(1088516715986)},
};

static void ranks_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ranks); i++) {
        uint64_t low;
        uint64_t high;
        bool two_sided = quantile_ranks(ranks[i].n, ranks[i].q, 0.95, &low, &high);
        if (low != ranks[i].low || high != ranks[i].high) {
            fail_msg("q %g of %llu: ranks %llu to %llu", ranks[i].q, (unsigned long long)ranks[i].n,
                     (unsigned long long)low, (unsigned long long)high);
        }
        assert_int_equal(two_sided, low >= 1 && high <= ranks[i].n);
    }
}

static void least_sample_sizes(void **state)
{
    (void)state;
    static const struct {
        double q;
        uint64_t needed;
    } cases[] = {{0.5, 6},      {0.9, 36},   {0.95, 72}, {0.99, 368},
                 {0.999, 3688}, {0.01, 368}, {0, 0},     {1, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t needed = cases[i].needed;
        uint64_t low;
        uint64_t high;
        assert_int_equal(quantile_needed(cases[i].q, 0.95), needed);
        if (needed == 0) continue;
        assert_true(quantile_ranks(needed, cases[i].q, 0.95, &low, &high));
        assert_false(quantile_ranks(needed - 1, cases[i].q, 0.95, &low, &high));
    }
    assert_int_equal(quantile_needed(0.99, 1.5), 0);
}

static void ranks_at_the_edges(void **state)
{
    (void)state;
    uint64_t low;
    uint64_t high;
    assert_false(quantile_ranks(0, 0.5, 0.95, &low, &high));
    assert_false(quantile_ranks(1, 0.5, 0.95, &low, &high));
    assert_true(low == 0 && high == 2);
    assert_false(quantile_ranks(10, 0, 0.95, &low, &high));
    assert_true(low == 0 && high == 1);
    assert_false(quantile_ranks(10, 1, 0.95, &low, &high));
    assert_true(low == 10 && high == 11);
    assert_false(quantile_ranks(10, -0.1, 0.95, &low, &high));
    assert_false(quantile_ranks(10, 0.5, 0, &low, &high));
}

/* Values 1..n, all of them in buckets of width 1, so that a value is its own rank. */
static struct histogram *one_to(int64_t n)
{
    struct histogram *h = histogram_new(1, 1000000, 4);
    assert_non_null(h);
    for (int64_t i = 1; i <= n; i++) assert_true(histogram_record(h, i, 1));
    return h;
}

static void of_a_histogram(void **state)
{
    (void)state;
    struct histogram *h = one_to(1000);
    struct quantile p99 = histogram_quantile(h, 0.99, 0.95);
    assert_true(p99.valid && p99.two_sided);
    assert_int_equal(p99.value, 990);
    assert_int_equal(p99.low, 983);
    assert_int_equal(p99.high, 997);
    struct quantile p50 = histogram_quantile(h, 0.5, 0.95);
    assert_int_equal(p50.value, 500);
    assert_int_equal(p50.low, 469); /* binom.ppf(0.025, 1000, 0.5) and binom.ppf(0.975, 1000, 0.5) +
                                       1 */
    assert_int_equal(p50.high, 532);
    histogram_free(h);

    h = one_to(100);
    p99 = histogram_quantile(h, 0.99, 0.95);
    assert_true(p99.valid);
    assert_false(p99.two_sided);
    assert_int_equal(p99.value, 99);
    assert_int_equal(p99.high, 100); /* the maximum, because there is no bound */
    assert_false(histogram_quantile(h, 2, 0.95).valid);
    assert_false(histogram_quantile(h, 0.5, 0).valid);
    histogram_reset(h);
    assert_false(histogram_quantile(h, 0.5, 0.95).valid);
    histogram_free(h);
}

/* Two digits at 100,000: a bucket is 512 wide, and both ends of the interval take the whole of
 * it. */
static void bucket_width_is_included(void **state)
{
    (void)state;
    struct histogram *h = histogram_new(1, 1000000, 2);
    assert_non_null(h);
    assert_true(histogram_record(h, 100000, 1000));
    struct quantile p99 = histogram_quantile(h, 0.99, 0.95);
    assert_true(p99.two_sided);
    assert_int_equal(p99.low, 99840);
    assert_int_equal(p99.value, 100351);
    assert_int_equal(p99.high, 100351);
    histogram_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_as_published),       cmocka_unit_test(least_sample_sizes),
        cmocka_unit_test(ranks_at_the_edges),       cmocka_unit_test(of_a_histogram),
        cmocka_unit_test(bucket_width_is_included),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
