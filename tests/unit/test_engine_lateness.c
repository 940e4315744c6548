/* What a late loop leaves in doubt of the time of what it reads. Times in ms. */
#include "engine/lateness.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS ((uint64_t)NS_PER_MS)

static void test_what_was_told_may_be_as_much_older_as_the_loop_was_late(void **state)
{
    (void)state;
    /* due at 1,000, met at 1,080; the next one due at 1,090 */
    struct lateness lateness = {0};
    lateness_turn(&lateness, 1080 * MS, 80 * NS_PER_MS);
    lateness_turn(&lateness, 1080 * MS, 70 * NS_PER_MS); /* missed by the same stall */
    static const struct {
        uint64_t at, now, due, behind;
        bool by_loop;
        uint64_t doubt;
    } rows[] = {
        {1050, 1081, 1090, 0, false, 50}, /* arrived while nobody looked */
        {1080, 1082, 1090, 0, false, 80},
        {1081, 1082, 1090, 0, false, 0},  /* after that */
        {990, 1081, 1090, 0, false, 0},   /* before */
        {1085, 1085, 1090, 0, true, 85},  /* the time of the read: as late as the loop */
        {1095, 1095, 1100, 0, true, 0},   /* the loop has had a turn in time since */
        {1130, 1150, 1090, 0, false, 40}, /* a due time has passed that was not met yet */
        {1089, 1150, 1090, 0, false, 0},
        {1100, 1100, 1110, 1060, false, 40}, /* sockets wait for their read since then */
        {1050, 1100, 1110, 1060, false, 50}, /* before that, but the loop was late */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct told told = {.at_ns = rows[i].at * MS,
                                  .now_ns = rows[i].now * MS,
                                  .due_ns = rows[i].due * MS,
                                  .behind_ns = rows[i].behind * MS,
                                  .by_loop = rows[i].by_loop};
        assert_int_equal(lateness_doubt(&lateness, &told), rows[i].doubt * MS);
    }
}

static void test_a_stall_counts_once_and_only_if_it_is_long(void **state)
{
    (void)state;
    struct lateness lateness = {0};
    lateness_turn(&lateness, 1000 * MS, 0);
    lateness_turn(&lateness, 1030 * MS, 20 * NS_PER_MS);
    assert_int_equal(lateness.total_ns, 0);
    lateness_turn(&lateness, 1100 * MS, 60 * NS_PER_MS);
    lateness_turn(&lateness, 1100 * MS, 50 * NS_PER_MS);
    lateness_turn(&lateness, 1100 * MS, 40 * NS_PER_MS);
    lateness_turn(&lateness, 1200 * MS, 21 * NS_PER_MS);
    assert_int_equal(lateness.total_ns, 81 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_told_may_be_as_much_older_as_the_loop_was_late),
        cmocka_unit_test(test_a_stall_counts_once_and_only_if_it_is_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
