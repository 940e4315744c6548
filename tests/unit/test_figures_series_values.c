/* Latencies as rows of numbers, held against plain sums of the values that were recorded. */
#include "figures/series_values.h"

#include "base/metric.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PLACES 40
#define BLOCKS 1024 /* more than METRIC_HIGHEST_US has */

static struct random random_of_test;

static uint64_t chance(uint64_t below)
{
    return random_below(&random_of_test, below);
}

/* From a microsecond to an hour, as likely in each octave. */
static int64_t some_latency(void)
{
    const int64_t value = (int64_t)((UINT64_C(1) << chance(32)) + chance(1000));
    return value > METRIC_HIGHEST_US ? METRIC_HIGHEST_US : value;
}

/* Few as in an interval, and so many that a number has all its bytes. */
static uint64_t some_count(void)
{
    return chance(10) == 0 ? (UINT64_C(1) << chance(56)) + chance(1000) : 1 + chance(200);
}

static void check(const struct series_values *values, size_t place, const uint64_t *blocks,
                  size_t from)
{
    double above = 1, all = 2, true_above = 1, true_all = 2;
    for (size_t i = 0; i < BLOCKS; i++) {
        true_all += (double)blocks[i];
        if (i >= from) true_above += (double)blocks[i];
    }
    series_values_count(values, place, from, &above, &all);
    assert_true(above == true_above);
    assert_true(all == true_all);
}

static void a_place_has_what_was_added_to_it(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 60; round++) {
        random_seed(&random_of_test, round, 1);
        static uint64_t blocks[PLACES][BLOCKS];
        struct series_values values = {0};
        struct histogram *h = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
        assert_non_null(h);
        memset(blocks, 0, sizeof blocks);
        for (size_t i = 0; i < 3 * PLACES; i++) {
            const size_t place = (size_t)chance(PLACES - 1); /* the last stays empty */
            histogram_reset(h);
            for (uint64_t n = chance(20); n > 0; n--) {
                const int64_t value = some_latency();
                const uint64_t count = some_count();
                (void)histogram_record(h, value, count);
                blocks[place][histogram_block_at(h, value)] += count;
            }
            assert_true(series_values_add(&values, place, PLACES, h));
        }
        for (size_t place = 0; place < PLACES; place++) {
            check(&values, place, blocks[place], 0);
            check(&values, place, blocks[place], (size_t)chance(BLOCKS));
            check(&values, place, blocks[place], SIZE_MAX - 1);
        }
        histogram_free(h);
        series_values_free(&values);
    }
}

static void nothing_is_counted_where_nothing_was_added(void **state)
{
    (void)state;
    const uint64_t none[BLOCKS] = {0};
    struct series_values values = {0};
    struct histogram *h = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    check(&values, 0, none, 0);
    assert_true(series_values_add(&values, 0, 1, h));
    check(&values, 0, none, 0);
    histogram_free(h);
    series_values_free(&values);
}

/* Ten values of an interval, as a run of a week has them, take about a byte each. */
static void a_row_is_small(void **state)
{
    (void)state;
    random_seed(&random_of_test, 5, 5);
    struct series_values values = {0};
    struct histogram *h = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    for (size_t place = 0; place < 1000; place++) {
        histogram_reset(h);
        for (int i = 0; i < 10; i++) (void)histogram_record(h, 200000 + (int64_t)chance(400000), 1);
        assert_true(series_values_add(&values, place, 1000, h));
    }
    assert_true(values.used <= (size_t)1000 * 13);
    histogram_free(h);
    series_values_free(&values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_has_what_was_added_to_it),
        cmocka_unit_test(nothing_is_counted_where_nothing_was_added),
        cmocka_unit_test(a_row_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
