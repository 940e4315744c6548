/* Conditions of a fault rule other than the time of day. */
#include "base/clock.h"
#include "base/random.h"
#include "simulator/condition.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_bounds(void **state)
{
    (void)state;
    const struct fault_rule age = {.min_socket_age_ns = 5 * NS_PER_S,
                                   .max_socket_age_ns = 20 * NS_PER_S};
    const struct fault_rule turns = {.from_turn = 3, .to_turn = 4};
    const struct fault_rule context = {.min_context_tokens = 14000, .max_context_tokens = 20000};
    const struct fault_rule open = {.from_turn = 1};
    static const uint64_t second = NS_PER_S;
    const struct {
        const struct fault_rule *rule;
        struct moment moment;
        bool holds;
    } cases[] = {
        {&age, {.turn = 1, .socket_age_ns = 5 * second - 1}, false},
        {&age, {.turn = 1, .socket_age_ns = 5 * second}, true},
        {&age, {.turn = 1, .socket_age_ns = 20 * second - 1}, true},
        {&age, {.turn = 1, .socket_age_ns = 20 * second}, false},
        {&turns, {.turn = 2}, false},
        {&turns, {.turn = 3}, true},
        {&turns, {.turn = 4}, true},
        {&turns, {.turn = 5}, false},
        {&context, {.turn = 1, .context_tokens = 13999}, false},
        {&context, {.turn = 1, .context_tokens = 14000}, true},
        {&context, {.turn = 1, .context_tokens = 20000}, true},
        {&context, {.turn = 1, .context_tokens = 20001}, false},
        {&open, {.turn = 1}, true},
        {&open, {.turn = 900, .socket_age_ns = 3600 * second, .context_tokens = 30000}, true},
        {&open, {0}, true}, /* an upgrade has no turn */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (condition_holds(cases[i].rule, &cases[i].moment) != cases[i].holds)
            fail_msg("case %zu", i);
    }
}

static void test_sticky_rate(void **state)
{
    (void)state;
    const struct fault_rule both = {.after_failure_same = {true, 0.75},
                                    .after_failure_new = {true, 0.5}};
    const struct fault_rule never_again = {.after_failure_new = {true, 0}};
    const struct fault_rule plain = {0};
    assert_true(condition_sticky_rate(&both, 0.1, &(struct moment){.turn = 1}) == 0.1);
    assert_true(condition_sticky_rate(&both, 0.1,
                                      &(struct moment){.turn = 2, .failed_before = true}) == 0.75);
    assert_true(condition_sticky_rate(&both, 0.1, &(struct moment){.turn = 1, .retries = true}) ==
                0.5);
    assert_true(condition_sticky_rate(&never_again, 0.1, &(struct moment){.retries = true}) == 0);
    assert_true(condition_sticky_rate(&never_again, 0.1, &(struct moment){.failed_before = true}) ==
                0.1);
    assert_true(condition_sticky_rate(&plain, 0.1, &(struct moment){.failed_before = true}) == 0.1);
}

/* On 2026-03-08 Los Angeles jumps from 02:00 to 03:00; 10:00 UTC is that instant. */
static void test_hours_follow_the_zone(void **state)
{
    (void)state;
    struct hours hours = {0};
    for (int i = 0; i < 24; i++) hours.rates[i] = i / 100.0;
    struct fault_rule rule = {.rate = 0.9, .hours = &hours};
    const int64_t leap_day = INT64_C(1772928000) * NS_PER_S; /* 2026-03-08T00:00:00Z */
    const int64_t hour = 3600 * NS_PER_S;
    assert_true(condition_rate(&rule, leap_day) == 0);
    assert_true(condition_rate(&rule, leap_day + 24 * hour - 1) == 0.23);
    assert_true(condition_rate(&rule, -1) == 0.23); /* before 1970 too */
    assert_int_equal(zone_open("America/Los_Angeles", &hours.zone, NULL), ERR_OK);
    assert_true(condition_rate(&rule, leap_day + 10 * hour - 1) == 0.01);
    assert_true(condition_rate(&rule, leap_day + 10 * hour) == 0.03);
    assert_true(condition_rate(&rule, leap_day + 15 * hour) == 0.08);
    zone_free(hours.zone);
    rule.hours = NULL;
    assert_true(condition_rate(&rule, leap_day) == 0.9);
}

/* Each period holds one burst of the right length, at varying positions determined by the seed. */
static void test_bursts(void **state)
{
    (void)state;
    enum { STRETCHES = 2000 };
    const struct fault_rule rule = {.burst_every_ns = 300 * NS_PER_S,
                                    .burst_length_ns = 20 * NS_PER_S};
    double sum = 0;
    int differs = 0;
    for (int stretch = 0; stretch < STRETCHES; stretch++) {
        int seconds = 0;
        int changes = 0;
        int begin = 0;
        bool before = false;
        for (int second = 0; second < 300; second++) {
            int64_t at = (int64_t)(stretch * 300 + second) * NS_PER_S;
            bool in = condition_bursts(&rule, 7, at);
            assert_int_equal(condition_bursts(&rule, 7, at), in);
            differs += condition_bursts(&rule, 8, at) != in;
            if (in && !before) begin = second;
            changes += in != before;
            seconds += in;
            before = in;
        }
        assert_int_equal(seconds, 20);
        assert_in_range(changes, 1, 2); /* one burst */
        sum += begin;
    }
    /* the first whole second of the burst is uniform over 0..280: mean 140.5, deviation 280 /
     * sqrt(12) */
    assert_true(fabs(sum / STRETCHES - 140.5) < 4 * 280 / sqrt(12.0 * STRETCHES));
    assert_true(differs > STRETCHES * 20);
    assert_true(condition_bursts(&(struct fault_rule){0}, 7, 5));
    const struct fault_rule always = {.burst_every_ns = NS_PER_S, .burst_length_ns = NS_PER_S};
    for (int64_t at = -3 * NS_PER_S; at < 3 * NS_PER_S; at += NS_PER_S / 7)
        assert_true(condition_bursts(&always, 7, at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_sticky_rate),
        cmocka_unit_test(test_hours_follow_the_zone),
        cmocka_unit_test(test_bursts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
