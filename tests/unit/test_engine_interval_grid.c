/* The grid of intervals: contiguous, on multiples except at the beginning, and self-consistent. */
#include "base/clock.h"
#include "base/random.h"
#include "engine/interval_grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* 2026-04-14T12:15:00Z, in the middle of an hour; and an hour as a whole. */
#define QUARTER (INT64_C(1776168900) * NS_PER_S)
#define HOUR (3600 * NS_PER_S)

static void hours_begin_with_the_hour(void **state)
{
    const struct interval_grid grid = {.origin_ns = QUARTER, .length_ns = HOUR};
    (void)state;
    assert_int_equal(interval_grid_start_ns(&grid, 0), 0);
    assert_int_equal(interval_grid_end_ns(&grid, 0), 45 * 60 * NS_PER_S);
    assert_int_equal(interval_grid_start_ns(&grid, 1), 45 * 60 * NS_PER_S);
    assert_int_equal(interval_grid_end_ns(&grid, 1), 45 * 60 * NS_PER_S + HOUR);
    assert_int_equal(interval_grid_at(&grid, 45 * 60 * NS_PER_S - 1), 0);
    assert_int_equal(interval_grid_at(&grid, 45 * 60 * NS_PER_S), 1);
}

static void any_grid_is_contiguous_and_whole(void **state)
{
    struct random random;
    (void)state;
    random_seed(&random, 5, 0);
    for (int i = 0; i < 2000; i++) {
        /* also before 1970, an hour at which a replay may begin */
        const struct interval_grid grid = {
            .origin_ns = (int64_t)random_below(&random, UINT64_C(4000000000000000000)) -
                         INT64_C(100000000000000000),
            .length_ns = 1 + (int64_t)random_below(&random, (uint64_t)HOUR)};
        uint64_t k = random_below(&random, 1000000);
        int64_t start = interval_grid_start_ns(&grid, k);
        int64_t end = interval_grid_end_ns(&grid, k);
        assert_true(start < end && end - start <= grid.length_ns);
        assert_int_equal((grid.origin_ns + end) % grid.length_ns, 0);
        assert_int_equal(interval_grid_start_ns(&grid, k + 1), end);
        assert_int_equal(interval_grid_at(&grid, start), k);
        assert_int_equal(interval_grid_at(&grid, end - 1), k);
        assert_int_equal(interval_grid_at(&grid, end), k + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_begin_with_the_hour),
        cmocka_unit_test(any_grid_is_contiguous_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
