/* The service's clock, and when a session should end by it. */
#include "service/skew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MONO UINT64_C(1000000000000)
#define WALL_S INT64_C(1700000000)

static const struct run_clock real = {
    .mono_origin_ns = MONO, .wall_origin_ns = WALL_S * NS_PER_S, .speed = 1};
static const struct run_clock fast = {
    .mono_origin_ns = MONO, .wall_origin_ns = WALL_S * NS_PER_S, .speed = 60};

static uint64_t after_ms(int64_t ms)
{
    return MONO + (uint64_t)(ms * NS_PER_MS);
}

/* Half a second into the Date's second, halfway between request and response. */
static void a_date_is_taken_for_the_middle_of_all_it_can_mean(void **state)
{
    const struct skew skew = skew_by_date(&real, WALL_S + 10, after_ms(1000), after_ms(3000));
    (void)state;
    assert_true(skew.known);
    assert_int_equal(skew.ns, 8500 * NS_PER_MS);
    assert_int_equal(skew_by_date(&fast, WALL_S, after_ms(1000), after_ms(1000)).ns,
                     -59500 * NS_PER_MS);
}

static void the_end_counts_by_the_service_s_clock(void **state)
{
    static const struct {
        struct skew skew;
        int64_t expires_s;
        int64_t left_ms;
    } rows[] = {
        {{false, 0}, WALL_S + 1800, 1799000},
        {{true, 60 * NS_PER_S}, WALL_S + 1800, 1739000}, /* theirs is ahead */
        {{true, -60 * NS_PER_S}, WALL_S + 1800, 1859000},
        {{true, NS_PER_S}, WALL_S + 1800, 1799000}, /* within the resolution of a Date */
        {{false, 0}, WALL_S - 5, -6000},            /* already past */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct event_facts created = {.expires_at_s = rows[i].expires_s};
        int64_t left_ns = 0;
        assert_true(skew_expiry(&rows[i].skew, &real, &created, after_ms(1000), &left_ns));
        assert_int_equal(left_ns, rows[i].left_ms * NS_PER_MS);
    }
}

static void a_replay_comes_to_the_end_sooner(void **state)
{
    const struct event_facts created = {.expires_at_s = WALL_S + 1800};
    int64_t left_ns = 0;
    (void)state;
    assert_true(skew_expiry(&(struct skew){0}, &fast, &created, MONO, &left_ns));
    assert_int_equal(left_ns, 30 * NS_PER_S);
}

static void what_is_no_time_is_not_told(void **state)
{
    static const int64_t values[] = {0, -1, INT64_C(9000000001), INT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct event_facts created = {.expires_at_s = values[i]};
        int64_t left_ns = 42;
        assert_false(skew_expiry(&(struct skew){0}, &real, &created, MONO, &left_ns));
        assert_int_equal(left_ns, 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_taken_for_the_middle_of_all_it_can_mean),
        cmocka_unit_test(the_end_counts_by_the_service_s_clock),
        cmocka_unit_test(a_replay_comes_to_the_end_sooner),
        cmocka_unit_test(what_is_no_time_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
