/* The kernel's receive stamps on the monotonic clock: right between steps of the wall clock, and
 * never used where one may lie between. */
#include "base/clock.h"
#include "net/receive_stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#define WALL INT64_C(1700000000000000000) /* what the wall clock shows when the monotonic shows 0 */
#define MS NS_PER_MS

/* Both clocks at a monotonic time, the look itself taking `takes` ns. */
static struct receive_look look_at(int64_t mono_ns, int64_t wall_of_zero, int64_t takes)
{
    return (struct receive_look){.before_ns = (uint64_t)mono_ns,
                                 .wall_ns = mono_ns + takes / 2 + wall_of_zero,
                                 .after_ns = (uint64_t)(mono_ns + takes)};
}

static struct receive_stamp begun(void)
{
    struct receive_stamp stamp = {0};
    const struct receive_look look = look_at(1000 * MS, WALL, 40);
    receive_stamp_begin(&stamp, &look);
    return stamp;
}

/* One read: when it was, what the wall clock is ahead by, what the packet was stamped with. */
static uint64_t read_at(struct receive_stamp *stamp, int64_t mono_ns, int64_t wall_of_zero,
                        int64_t arrived_ns, bool *by_kernel)
{
    const struct receive_look look = look_at(mono_ns, wall_of_zero, 40);
    return receive_stamp_at(stamp, &look, arrived_ns, by_kernel);
}

static void test_a_stamp_becomes_the_time_of_arrival(void **state)
{
    (void)state;
    struct receive_stamp stamp = begun();
    bool by_kernel;
    static const int64_t waits_us[] = {0, 4, 120, 5000, 3000000};
    for (size_t i = 0; i < sizeof waits_us / sizeof *waits_us; i++) {
        const int64_t now = (10000 + 10 * (int64_t)i) * MS, arrived = now - waits_us[i] * NS_PER_US;
        assert_int_equal(read_at(&stamp, now, WALL, WALL + arrived, &by_kernel), arrived);
        assert_true(by_kernel);
    }
}

static void test_without_a_stamp_the_read_counts(void **state)
{
    (void)state;
    struct receive_stamp stamp = begun();
    bool by_kernel;
    assert_int_equal(read_at(&stamp, 2000 * MS, WALL, 0, &by_kernel), 2000 * MS);
    assert_false(by_kernel);
    /* stamped before the clocks were first looked at, or after the read */
    assert_int_equal(read_at(&stamp, 2000 * MS, WALL, WALL + 999 * MS, &by_kernel), 2000 * MS);
    assert_false(by_kernel);
    assert_int_equal(read_at(&stamp, 2000 * MS, WALL, WALL + 2001 * MS, &by_kernel), 2000 * MS);
    assert_false(by_kernel);
}

static void test_a_stamp_a_little_late_is_not_after_the_read(void **state)
{
    (void)state;
    struct receive_stamp stamp = begun();
    bool by_kernel;
    assert_int_equal(read_at(&stamp, 2000 * MS, WALL, WALL + 2000 * MS + 20000, &by_kernel),
                     2000 * MS);
    assert_true(by_kernel);
}

/* Steps of both directions and every size, with packets that came before and after: the result is
 * the truth or the time of the read, never anything else. */
static void test_a_step_moves_no_stamp(void **state)
{
    (void)state;
    static const int64_t steps_us[] = {-3600000000, -2000000, -50000, -1000, -200,    -5,
                                       5,           200,      1000,   50000, 2000000, 3600000000};
    for (size_t i = 0; i < sizeof steps_us / sizeof *steps_us; i++) {
        struct receive_stamp stamp = begun();
        const int64_t step = steps_us[i] * NS_PER_US, stepped = 5000 * MS;
        bool by_kernel;
        assert_int_equal(
            read_at(&stamp, stepped - 5 * MS, WALL, WALL + stepped - 6 * MS, &by_kernel),
            stepped - 6 * MS);
        assert_true(by_kernel);
        size_t stamps = 0;
        for (int64_t now = stepped + MS; now < stepped + 1500 * MS; now += 7 * MS) {
            /* one that waited since before the step, and one that has just come */
            const int64_t old = stepped - 3 * MS, fresh = now - 30 * NS_PER_US;
            uint64_t at = read_at(&stamp, now, WALL + step, WALL + old, &by_kernel);
            if (now - stepped < 900 * MS) assert_true(at == (uint64_t)now && !by_kernel);
            at = read_at(&stamp, now, WALL + step, WALL + step + fresh, &by_kernel);
            assert_true(at == (uint64_t)(by_kernel ? fresh : now));
            if (by_kernel) stamps++;
        }
        assert_true(stamps > 50); /* they are used again */
    }
}

/* A look that was interrupted says nothing, and is no step. */
static void test_an_interrupted_look_is_not_used(void **state)
{
    (void)state;
    struct receive_stamp stamp = begun();
    bool by_kernel;
    const struct receive_look torn = {
        .before_ns = 2000 * MS, .wall_ns = WALL + 2000 * MS, .after_ns = 2010 * MS};
    assert_int_equal(receive_stamp_at(&stamp, &torn, WALL + 1999 * MS, &by_kernel), 2000 * MS);
    assert_false(by_kernel);
    assert_int_equal(read_at(&stamp, 2011 * MS, WALL, WALL + 2009 * MS, &by_kernel), 2009 * MS);
    assert_true(by_kernel);
}

/* Looks of different lengths agree on a stamp, and the shortest counts. */
static void test_looks_do_not_shake_a_stamp(void **state)
{
    (void)state;
    struct receive_stamp stamp = begun();
    bool by_kernel;
    const int64_t arrived = 2000 * MS;
    for (int64_t i = 0; i < 1000; i++) {
        struct receive_look look = look_at(arrived + MS + i, WALL, 40 + i * 40);
        look.wall_ns += i % 2 == 0 ? i * 19 : -i * 19; /* the wall clock was read early or late */
        assert_int_equal(receive_stamp_at(&stamp, &look, WALL + arrived, &by_kernel), arrived);
        assert_true(by_kernel);
    }
}

/* If the first look of all was interrupted, a later one begins. */
static void test_a_late_begin(void **state)
{
    (void)state;
    struct receive_stamp stamp = {0};
    bool by_kernel;
    const struct receive_look torn = look_at(1000 * MS, WALL, 10 * MS);
    receive_stamp_begin(&stamp, &torn);
    assert_int_equal(read_at(&stamp, 2000 * MS, WALL, WALL + 1999 * MS, &by_kernel), 2000 * MS);
    assert_false(by_kernel);
    assert_int_equal(read_at(&stamp, 2010 * MS, WALL, WALL + 2009 * MS, &by_kernel), 2009 * MS);
    assert_true(by_kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stamp_becomes_the_time_of_arrival),
        cmocka_unit_test(test_without_a_stamp_the_read_counts),
        cmocka_unit_test(test_a_stamp_a_little_late_is_not_after_the_read),
        cmocka_unit_test(test_a_step_moves_no_stamp),
        cmocka_unit_test(test_an_interrupted_look_is_not_used),
        cmocka_unit_test(test_looks_do_not_shake_a_stamp),
        cmocka_unit_test(test_a_late_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
