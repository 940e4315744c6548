#include "net/loop_gauge.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct seen {
    struct loop_gauge gauge;
    uint64_t turns, late;
    int64_t worst_ns;
};

static void on_turn(struct loop_gauge *gauge, uint64_t now_ns, int64_t late_ns)
{
    struct seen *seen = (struct seen *)((char *)gauge - offsetof(struct seen, gauge));
    assert_true(now_ns >= (uint64_t)late_ns);
    seen->turns++;
    if (late_ns > 20 * NS_PER_MS) seen->late++;
    if (late_ns > seen->worst_ns) seen->worst_ns = late_ns;
}

/* A loop that is blocked for half a second has missed fifty turns, of which all but the last two
 * or three are late: not one. */
static void a_stall_counts_as_long_as_it_lasts(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct timers *timers;
    struct error err = {0};
    struct seen seen = {.gauge.turn = on_turn};
    loop_gauge_stop(&seen.gauge); /* never started */
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(timers_new(&loop, &timers, &err), ERR_OK);
    uint64_t from = clock_mono_ns();
    assert_true(loop_gauge_start(&seen.gauge, timers, from));
    while (seen.turns == 0) (void)uv_run(&loop, UV_RUN_ONCE);
    uint64_t before = seen.turns;
    const struct timespec half_a_second = {.tv_nsec = 500000000};
    (void)nanosleep(&half_a_second, NULL);
    while (seen.turns == before) (void)uv_run(&loop, UV_RUN_ONCE);
    assert_true(seen.turns - before >= 49);
    assert_true(seen.late >= 47);
    assert_true(seen.worst_ns >= 489 * NS_PER_MS);
    /* every due time so far, each once */
    uint64_t passed = (clock_mono_ns() - from) / (10 * NS_PER_MS) + 1;
    assert_true(seen.turns <= passed);
    loop_gauge_stop(&seen.gauge);
    timers_close(timers);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void turns_add_up_though_the_late_ones_shrink(void **state)
{
    static const struct loop_turns told[] = {{100, 1}, {200, 90}, {210, 85}, {220, 95}, {220, 95}};
    struct loop_turns counted = {0};
    struct loop_turns sum = {0};
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct loop_turns since = loop_turns_since(&told[i], &counted);
        assert_true(since.late <= since.all);
        sum.all += since.all;
        sum.late += since.late;
    }
    assert_int_equal(sum.all, 220);
    assert_int_equal(sum.late, 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stall_counts_as_long_as_it_lasts),
        cmocka_unit_test(turns_add_up_though_the_late_ones_shrink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
