/* Values that wait for a histogram become those of one, in no more memory than its buckets take. */
#include "figures/values.h"

#include "base/metric.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void values_are_those_of_a_histogram(void **state)
{
    (void)state;
    struct random random;
    struct values values = {0};
    struct histogram *wanted = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    struct histogram *got = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    random_seed(&random, 3, 3);
    for (size_t i = 0; i < 200000; i++) {
        int64_t us = (int64_t)random_below(&random, i % 7 == 0 ? METRIC_HIGHEST_US : 50000);
        assert_true(values_add(&values, us));
        assert_true(histogram_record(wanted, us, 1));
    }
    assert_true(values_add(&values, METRIC_HIGHEST_US + 5));
    assert_true(histogram_record(wanted, METRIC_HIGHEST_US, 1));
    values_record(&values, got);
    assert_int_equal(got->total, wanted->total);
    assert_int_equal(values.total, wanted->total);
    assert_true(values.capacity <= 1 << 16); /* no longer than the buckets, twice */
    for (int half = 0; half <= 200; half++)
        assert_int_equal(histogram_percentile(got, half / 2.0),
                         histogram_percentile(wanted, half / 2.0));
    values_free(&values);
    histogram_free(wanted);
    histogram_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_a_histogram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
