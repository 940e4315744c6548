/* The profile's times on this machine, at the speeds of a replay. */
#include "base/clock.h"
#include "engine/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct profile profile = {
    .session = {.think_time_ns = 2 * NS_PER_S, .max_age_ns = 600 * NS_PER_S},
    .timeouts = {.resolve_ns = 5 * NS_PER_S,
                 .connect_ns = 10 * NS_PER_S,
                 .tls_ns = 10 * NS_PER_S,
                 .upgrade_ns = 20 * NS_PER_S,
                 .session_ns = 20 * NS_PER_S,
                 .configure_ns = 20 * NS_PER_S,
                 .first_output_ns = 15 * NS_PER_S,
                 .stall_ns = 100 * NS_PER_MS,
                 .response_ns = 120 * NS_PER_S,
                 .close_ns = 30 * NS_PER_S},
    .retry = {.attempts = 3,
              .backoff_initial_ns = 500 * NS_PER_MS,
              .backoff_max_ns = 8 * NS_PER_S,
              .deadline_ns = 30 * NS_PER_S,
              .budget = 0.1},
};

static void real_time_changes_nothing(void **state)
{
    struct text words = {0};
    (void)state;
    const struct timing timing = timing_at(&profile, 1);
    assert_memory_equal(&timing.timeouts, &profile.timeouts, sizeof timing.timeouts);
    assert_int_equal(timing.retry.backoff_max_ns, profile.retry.backoff_max_ns);
    assert_int_equal(timing.think_time_ns, profile.session.think_time_ns);
    assert_int_equal(timing.max_age_ns, profile.session.max_age_ns);
    assert_false(timing_longer(&profile, 1, &words));
    assert_int_equal(words.length, 0);
}

static void a_replay_scales_every_policy(void **state)
{
    (void)state;
    const struct timing timing = timing_at(&profile, 50);
    assert_int_equal(timing.think_time_ns, 40 * NS_PER_MS);
    assert_int_equal(timing.max_age_ns, 12 * NS_PER_S);
    assert_int_equal(timing.retry.backoff_initial_ns, 10 * NS_PER_MS);
    assert_int_equal(timing.retry.backoff_max_ns, 160 * NS_PER_MS);
    assert_int_equal(timing.retry.deadline_ns, 600 * NS_PER_MS);
    assert_int_equal(timing.retry.attempts, 3);
    assert_true(timing.retry.budget == 0.1);
    assert_int_equal(timing.timeouts.response_ns, 2400 * NS_PER_MS);
    assert_int_equal(timing.timeouts.first_output_ns, 300 * NS_PER_MS);
}

/* A machine that needs 250 ms for a step is no silent service; what was shorter from the start
 * stays. */
static void timeouts_have_a_floor_that_is_told(void **state)
{
    struct text words = {0};
    (void)state;
    const struct timing timing = timing_at(&profile, 50);
    assert_int_equal(timing.timeouts.connect_ns, CLOCK_REPLAY_TIMEOUT_NS);
    assert_int_equal(timing.timeouts.resolve_ns, CLOCK_REPLAY_TIMEOUT_NS);
    assert_int_equal(timing.timeouts.stall_ns, 100 * NS_PER_MS);
    assert_true(timing_longer(&profile, 50, &words));
    assert_string_equal(text_str(&words), "timeouts.resolve 12.5s, timeouts.connect 12.5s, "
                                          "timeouts.tls 12.5s, timeouts.stall 5s");
    text_free(&words);
}

static void nothing_scaled_becomes_never(void **state)
{
    struct profile tiny = profile;
    (void)state;
    tiny.session.think_time_ns = 0;
    tiny.session.max_age_ns = 1000;
    const struct timing timing = timing_at(&tiny, 100000);
    assert_int_equal(timing.think_time_ns, 0);
    assert_int_equal(timing.max_age_ns, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_time_changes_nothing),
        cmocka_unit_test(a_replay_scales_every_policy),
        cmocka_unit_test(timeouts_have_a_floor_that_is_told),
        cmocka_unit_test(nothing_scaled_becomes_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
