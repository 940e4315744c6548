#include "base/clock.h"
#include "base/random.h"
#include "net/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 500

struct fixture {
    uv_loop_t loop;
    struct timers *timers;
};

static struct fixture fixture;
static struct timer timers[COUNT];
static size_t fired[COUNT];
static size_t fired_count;
static uint64_t earliest_error_ns;

static int set_up(void **state)
{
    struct error err = {0};
    *state = &fixture;
    memset(timers, 0, sizeof timers);
    fired_count = 0;
    earliest_error_ns = 0;
    assert_int_equal(uv_loop_init(&fixture.loop), 0);
    return timers_new(&fixture.loop, &fixture.timers, &err) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    timers_close(f->timers);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&f->loop);
}

static void note(struct timer *timer, uint64_t now_ns)
{
    if (now_ns < timer->due_ns) earliest_error_ns = timer->due_ns - now_ns;
    assert_int_equal(timer->place, 0);
    fired[fired_count++] = (size_t)(timer - timers);
}

static void run_until(struct fixture *f, size_t count)
{
    while (fired_count < count) (void)uv_run(&f->loop, UV_RUN_ONCE);
}

static void they_fire_in_order_and_never_early(void **state)
{
    struct random random;
    uint64_t start = clock_mono_ns();
    random_seed(&random, 3, 0);
    for (size_t i = 0; i < COUNT; i++) {
        timers[i].fire = note;
        assert_true(
            timers_set(fixture.timers, &timers[i], start + random_below(&random, 50 * NS_PER_MS)));
    }
    /* Half of them are moved, a tenth dropped. */
    for (size_t i = 0; i < COUNT; i += 2) {
        assert_true(
            timers_set(fixture.timers, &timers[i], start + random_below(&random, 50 * NS_PER_MS)));
    }
    for (size_t i = 0; i < COUNT; i += 10) timers_cancel(fixture.timers, &timers[i]);
    run_until(*state, COUNT - COUNT / 10);
    (void)uv_run(&fixture.loop, UV_RUN_NOWAIT);
    assert_int_equal(fired_count, COUNT - COUNT / 10);
    assert_int_equal(earliest_error_ns, 0);
    for (size_t i = 1; i < fired_count; i++) {
        assert_true(timers[fired[i - 1]].due_ns <= timers[fired[i]].due_ns);
        assert_true(fired[i] % 10 != 0);
    }
}

static void set_again_for_the_past(struct timer *timer, uint64_t now_ns)
{
    fired_count++;
    assert_true(timers_set(fixture.timers, timer, now_ns - 1));
}

static void on_turn(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
    timers_cancel(fixture.timers, &timers[0]);
    uv_close((uv_handle_t *)timer, NULL);
}

static void one_that_is_set_for_the_past_leaves_the_loop_its_turn(void **state)
{
    static uv_timer_t timer; /* closed by the loop in tear_down */
    static bool had_its_turn;
    struct fixture *f = *state;
    (void)uv_timer_init(&f->loop, &timer);
    timer.data = &had_its_turn;
    (void)uv_timer_start(&timer, on_turn, 5, 0);
    timers[0].fire = set_again_for_the_past;
    assert_true(timers_set(f->timers, &timers[0], clock_mono_ns()));
    while (!had_its_turn) (void)uv_run(&f->loop, UV_RUN_ONCE);
    assert_true(fired_count >= 1);
}

static void cancel_others(struct timer *timer, uint64_t now_ns)
{
    note(timer, now_ns);
    for (size_t i = 0; i < 10; i++) timers_cancel(fixture.timers, &timers[i]);
}

static void one_may_cancel_others_that_are_due_with_it(void **state)
{
    uint64_t due = clock_mono_ns();
    struct fixture *f = *state;
    for (size_t i = 0; i < 10; i++) {
        timers[i].fire = cancel_others;
        assert_true(timers_set(f->timers, &timers[i], due + i));
    }
    run_until(f, 1);
    (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(fired_count, 1);
    assert_int_equal(fired[0], 0);
}

static void none_fires_once_they_are_stopped(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 2; i++) timers[i].fire = note;
    assert_true(timers_set(f->timers, &timers[0], 1));
    timers_stop(f->timers);
    assert_int_equal(timers[0].place, 0);
    assert_true(timers_set(f->timers, &timers[1], 1));
    for (int i = 0; i < 10; i++) (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(fired_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_fire_in_order_and_never_early, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_set_for_the_past_leaves_the_loop_its_turn,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(none_fires_once_they_are_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_may_cancel_others_that_are_due_with_it, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
