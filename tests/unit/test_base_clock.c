#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void clocks_agree_with_the_machine(void **state)
{
    (void)state;
    uint64_t first = clock_mono_ns();
    uint64_t cpu = clock_thread_cpu_ns();
    struct timespec pause = {0, 20000000};
    assert_int_equal(nanosleep(&pause, NULL), 0);
    uint64_t passed = clock_mono_ns() - first;
    assert_true(passed >= 20 * (uint64_t)NS_PER_MS);
    assert_true(clock_thread_cpu_ns() - cpu < passed); /* asleep, it used no CPU */
    assert_true(llabs((long long)(clock_wall_ns() / NS_PER_S) - (long long)time(NULL)) <= 1);
}

static void run_clock_at_speed_one_is_exact(void **state)
{
    (void)state;
    struct run_clock clock = {
        .mono_origin_ns = 5000, .wall_origin_ns = INT64_C(1776178800000000123), .speed = 1.0};
    assert_int_equal(run_clock_wall_at(&clock, 5000), INT64_C(1776178800000000123));
    assert_int_equal(run_clock_wall_at(&clock, 5007), INT64_C(1776178800000000130));
    assert_int_equal(run_clock_wall_at(&clock, 4000), INT64_C(1776178799999999123));
    assert_int_equal(run_clock_elapsed(&clock, 5007), 7);
    assert_int_equal(run_clock_elapsed(&clock, 4000), 0);
    assert_int_equal(run_clock_mono_at(&clock, 7), 5007);
    /* a year of ns, which a double would already round */
    uint64_t year = UINT64_C(31536000) * (uint64_t)NS_PER_S + 1;
    assert_int_equal(run_clock_elapsed(&clock, 5000 + year), year);
}

static void run_clock_runs_faster_in_a_replay(void **state)
{
    (void)state;
    struct run_clock clock = {.mono_origin_ns = 1000, .wall_origin_ns = 0, .speed = 1500.0};
    uint64_t minute_later = 1000 + UINT64_C(60000000000);
    /* 25 hours in a minute */
    assert_int_equal(run_clock_wall_at(&clock, minute_later), 90000 * NS_PER_S);
    assert_int_equal(run_clock_elapsed(&clock, minute_later), 90000 * NS_PER_S);
    int64_t error = (int64_t)(run_clock_mono_at(&clock, 90000 * NS_PER_S) - minute_later);
    assert_true(llabs((long long)error) <= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_agree_with_the_machine),
        cmocka_unit_test(run_clock_at_speed_one_is_exact),
        cmocka_unit_test(run_clock_runs_faster_in_a_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
