/* The list of holds: overlapping ones of several workers are merged. */
#include "record/holds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void add(struct holds *holds, size_t region, int64_t from, int64_t until,
                enum hold_cause cause, const char *code)
{
    const struct hold_span span = {region, from, until, cause, code};
    assert_true(holds_add(holds, &span));
}

static void workers_that_hold_at_the_same_time_are_one_hold(void **state)
{
    struct holds holds = {0};
    (void)state;
    add(&holds, 0, 100, 200, HOLD_HINT, "daily_limit");
    add(&holds, 0, 300, 400, HOLD_HINT, "upgrade_429");
    add(&holds, 1, 150, 350, HOLD_REPEATED, "upgrade_401");
    assert_int_equal(holds.count, 3);
    add(&holds, 0, 190, 310, HOLD_REPEATED, "path_not_found"); /* joins the first two */
    assert_int_equal(holds.count, 2);
    const struct hold_span *joined = &holds.spans[1];
    assert_int_equal(joined->region, 0);
    assert_true(joined->from_utc_ns == 100 && joined->until_utc_ns == 400);
    assert_string_equal(joined->code, "daily_limit"); /* of the one that began first */
    assert_int_equal(joined->cause, HOLD_HINT);
    assert_true(holds.spans[0].from_utc_ns == 150 && holds.spans[0].until_utc_ns == 350);
    add(&holds, 1, 340, 900, HOLD_HOPELESS, "upgrade_401");
    assert_int_equal(holds.spans[1].cause, HOLD_HOPELESS); /* listed whenever it began */
    holds_free(&holds);
}

static void a_long_run_lists_the_first_ones_and_counts_the_rest(void **state)
{
    struct holds holds = {0};
    (void)state;
    for (int i = 0; i < HOLDS_LISTED + 7; i++)
        add(&holds, 0, 10 * i, 10 * i + 1, HOLD_HINT, "upgrade_429");
    assert_int_equal(holds.count, HOLDS_LISTED);
    assert_int_equal(holds.left_out, 7);
    holds_free(&holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_that_hold_at_the_same_time_are_one_hold),
        cmocka_unit_test(a_long_run_lists_the_first_ones_and_counts_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
