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
                 .session_ns = 60 * NS_PER_S,
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
    (void)state;
    const struct timing timing = timing_at(&profile, 1);
    assert_memory_equal(&timing.timeouts, &profile.timeouts, sizeof timing.timeouts);
    assert_memory_equal(&timing.exact, &profile.timeouts, sizeof timing.exact);
    assert_int_equal(timing.retry.backoff_max_ns, profile.retry.backoff_max_ns);
    assert_int_equal(timing.think_time_ns, profile.session.think_time_ns);
    assert_int_equal(timing.max_age_ns, profile.session.max_age_ns);
    assert_int_equal(timing.grace_ns, 0);
    assert_int_equal(timing_longer(&profile, 1).count, 0);
}

static void slow_motion_has_no_floor(void **state)
{
    (void)state;
    const struct timing timing = timing_at(&profile, 0.5);
    assert_int_equal(timing.timeouts.stall_ns, 200 * NS_PER_MS);
    assert_int_equal(timing.grace_ns, 0);
    assert_int_equal(timing_longer(&profile, 0.5).count, 0);
}

static void a_replay_scales_every_policy(void **state)
{
    (void)state;
    const struct timing timing = timing_at(&profile, 10);
    assert_int_equal(timing.think_time_ns, 200 * NS_PER_MS);
    assert_int_equal(timing.max_age_ns, 60 * NS_PER_S);
    assert_int_equal(timing.retry.backoff_initial_ns, 50 * NS_PER_MS);
    assert_int_equal(timing.retry.backoff_max_ns, 800 * NS_PER_MS);
    assert_int_equal(timing.retry.deadline_ns, 3 * NS_PER_S);
    assert_int_equal(timing.grace_ns, 0);
    assert_int_equal(timing.retry.attempts, 3);
    assert_true(timing.retry.budget == 0.1);
    assert_int_equal(timing.timeouts.response_ns, 12 * NS_PER_S);
    assert_int_equal(timing.timeouts.session_ns, 6 * NS_PER_S);
    assert_int_equal(timing.timeouts.close_ns, 3 * NS_PER_S);
}

/* A machine that is slow for two seconds is no silent service; what was shorter from the start
 * stays. The whole response outlasts its parts. */
static void limits_have_a_floor(void **state)
{
    (void)state;
    const struct timing timing = timing_at(&profile, 100);
    assert_int_equal(timing.timeouts.resolve_ns, 2 * NS_PER_S);
    assert_int_equal(timing.timeouts.first_output_ns, 2 * NS_PER_S);
    assert_int_equal(timing.timeouts.stall_ns, 100 * NS_PER_MS);
    assert_int_equal(timing.timeouts.response_ns, 6 * NS_PER_S);
    assert_int_equal(timing.exact.resolve_ns, 50 * NS_PER_MS);
    assert_int_equal(timing.exact.stall_ns, NS_PER_MS);
    assert_int_equal(timing.exact.response_ns, 1200 * NS_PER_MS);
    assert_int_equal(timing.retry.deadline_ns, 300 * NS_PER_MS);
    assert_int_equal(timing.grace_ns, 1700 * NS_PER_MS);
}

static void the_floor_is_told(void **state)
{
    struct text words = {0};
    (void)state;
    const struct clock_limits longer = timing_longer(&profile, 12.5);
    clock_limits_words(&longer, 12.5, &words);
    const char *end = strchr(text_str(&words), ':');
    assert_non_null(end);
    assert_non_null(strstr(end, "judged as if it had lasted what the profile says"));
    words.data[end - words.data] = '\0';
    assert_string_equal(
        words.data, "At clock.speed 12.5 timeouts.resolve 5s, connect 10s, tls 10s, upgrade 20s, "
                    "configure 20s, first_output 15s last 25s; timeouts.stall 100ms lasts "
                    "1.25s");
    text_free(&words);
}

/* A deadline that no retry can meet is not kept at all. */
static void no_retries_no_deadline(void **state)
{
    struct profile once = profile;
    (void)state;
    const struct clock_limits with = timing_longer(&profile, 100);
    assert_string_equal(with.list[with.count - 1].key, "retry.deadline");
    assert_true(with.list[with.count - 1].lasts_ns == 200 * NS_PER_S);
    once.retry.attempts = 1;
    assert_int_equal(timing_longer(&once, 100).count, with.count - 1);
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
        cmocka_unit_test(slow_motion_has_no_floor),
        cmocka_unit_test(a_replay_scales_every_policy),
        cmocka_unit_test(limits_have_a_floor),
        cmocka_unit_test(the_floor_is_told),
        cmocka_unit_test(no_retries_no_deadline),
        cmocka_unit_test(nothing_scaled_becomes_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
