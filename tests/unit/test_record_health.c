/* The limits of health.h: one in a hundred loop turns or dispatches late by 20 ms, 90% of a core,
 * 95% of the requested load. */
#include "record/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static void test_each_limit_is_judged_at_its_edge(void **state)
{
    (void)state;
    static const struct {
        struct health health;
        const char *why; /* a part of the sentence; NULL: valid */
    } rows[] = {
        {{0}, NULL},
        {{.loops = 1000, .loops_late = 10, .dispatches = 200, .dispatches_late = 2, .cpu = 0.9},
         NULL},
        {{.loop_delay_max_ns = 900 * MS, .lag_max_ns = 900 * MS}, NULL},
        {{.loops = 1000, .loops_late = 11},
         "1.1% of loop turns were over 20 ms late, more than 1%"},
        {{.loops = 10, .loops_late = 1}, "10.0% of loop turns"},
        {{.dispatches = 200, .dispatches_late = 3}, "1.5% of attempts sent were over 20 ms late"},
        {{.cpu = 0.97}, "97% of a core, over the limit of 90%"},
        /* with stamps, what is ours in each value is known, and nothing else is judged by */
        {{.stamps_kernel = 1,
          .answers = 200,
          .answers_off = 2,
          .loops = 10,
          .loops_late = 9,
          .dispatches = 9,
          .dispatches_late = 9,
          .cpu = 1},
         NULL},
        {{.stamps_kernel = 1, .answers = 200, .answers_off = 3},
         "1.5% of ttft values, more than 1%, are over the P99 that they have without our own"},
        {{.stamps_kernel = 1, .answers = 200, .dials = 100, .dials_off = 1}, NULL},
        {{.stamps_kernel = 1, .answers = 200, .dials = 100, .dials_off = 2},
         "2.0% of dials, more than 1%, took over 20 ms and 5% longer by our own lateness"},
        {{.stamps_kernel = 1, .answers = 1, .simulator_loops = 100, .simulator_loops_late = 1},
         NULL},
        {{.stamps_kernel = 1, .answers = 1, .simulator_loops = 100, .simulator_loops_late = 2},
         "2.0% of loop turns of the simulator were over 20 ms late"},
        {{.stamps_kernel = 1, .answers = 1, .wall_ms = 10000, .paused_ms = 1999}, NULL},
        {{.stamps_kernel = 1, .answers = 1, .wall_ms = 10000, .paused_ms = 2000},
         "paused for 2.0 s, 20.0% of the time"},
        {{.stamps_kernel = 1, .answers = 1, .wall_ms = 250000, .paused_ms = 2500}, NULL},
        /* without stamps, or before any answer, the loop counts */
        {{.answers = 200, .loops = 10, .loops_late = 1}, "10.0% of loop turns"},
        {{.stamps_kernel = 9, .cpu = 0.97}, "97% of a core"},
        {{.requested = 100, .achieved = 95}, NULL},
        {{.attempts = 2000, .own_failures = 2}, NULL}, /* a trace */
        {{.attempts = 2000, .own_failures = 3}, "0.15% of attempts were failed by our own side"},
        {{.attempts = 20, .own_failures = 9}, "45.0% of attempts were failed by our own side"},
        {{.cpu_quota = 1.5, .cpu_periods = 40, .cpu_throttled = 30}, NULL}, /* nothing was late */
        {{.cpu = 0.97, .cpu_quota = 1.5, .cpu_periods = 40, .cpu_throttled = 30},
         "(the container's CPU quota of 1.5 cores held us up in 75% of its periods)"},
        {{.cpu = 0.97, .cpu_quota = 1.5, .cpu_periods = 40}, "over the limit of 90%"},
        {{.requested = 1000, .achieved = 949}, "94.9% of the requested load"},
        {{.requested = 10, .achieved = 9}, NULL}, /* the one may be dialled at the next interval's
                                                     start */
        {{.requested = 1, .achieved = 0}, NULL},
        {{.requested = 2, .achieved = 0}, "0.0% of the requested load"},
        {{.requested = 10, .achieved = 11}, NULL},
        {{.requested = 100, .achieved = 100, .achieved_late = 5}, NULL},
        {{.requested = 100, .achieved = 100, .achieved_late = 6},
         "94.0% of the requested load was reached within 250 ms of being due, under 95%"},
        {{.requested = 100, .achieved = 50, .achieved_late = 45},
         "50.0% of the requested load was reached, under 95%"},
        {{.requested = 10, .achieved = 11, .achieved_late = 2},
         NULL}, /* a neighbour's latecomers */
        {{.requested = 0, .achieved = 5, .achieved_late = 5}, NULL},
        /* what failures took from the load is none of our shortfall */
        {{.requested = 100, .achieved = 60, .achieved_late = 20, .displaced = 60}, NULL},
        {{.requested = 100, .achieved = 60, .achieved_late = 20, .displaced = 57},
         "93.0% of the requested load was reached within 250 ms of being due, under 95%"},
        {{.requested = 100, .achieved = 30, .displaced = 60},
         "75.0% of the requested load was reached, under 95%"},
        {{.requested = 100, .achieved = 50, .achieved_late = 50, .displaced = 99}, NULL},
        {{.requested = 3, .achieved = 1, .achieved_late = 2, .displaced = 9}, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct health health = rows[i].health;
        (void)snprintf(health.why, sizeof health.why, "old");
        health.valid = rows[i].why != NULL;
        health_judge(&health);
        assert_int_equal(health.valid, rows[i].why == NULL);
        if (rows[i].why == NULL) assert_string_equal(health.why, "");
        if (rows[i].why != NULL) assert_non_null(strstr(health.why, rows[i].why));
    }
}

static void test_every_limit_that_was_exceeded_is_named(void **state)
{
    (void)state;
    struct health health = {.loops = 1000,
                            .loops_late = UINT64_C(999),
                            .dispatches = 200,
                            .dispatches_late = 199,
                            .cpu = 0.97,
                            .requested = 1000,
                            .achieved = 949,
                            .achieved_late = 900,
                            .attempts = 2000,
                            .own_failures = 1998,
                            .cpu_quota = 1.5,
                            .cpu_periods = 40,
                            .cpu_throttled = 30};
    static const char *const parts[] = {
        "99.9% of attempts were failed by our own side, more than 0.1%; ",
        "; 99.9% of loop turns were over 20 ms late, more than 1%; ",
        "; 99.5% of attempts sent were over 20 ms late, more than 1%; ",
        "; a worker used 97% of a core, over the limit of 90%; ",
        "; 94.9% of the requested load was reached, under 95% (the container's CPU quota of 1.5 "
        "cores held us up in 75% of its periods)"};
    health_judge(&health);
    assert_false(health.valid);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(health.why, parts[i]));
    assert_int_equal(health.why[strlen(health.why) - 1], ')'); /* whole */
}

/* A figure that passed its limit reads as one that did, however narrowly. */
static void test_no_rounded_figure_contradicts_its_limit(void **state)
{
    (void)state;
    for (uint64_t n = 1000; n <= 1000000000; n *= 10) {
        const struct health narrow[] = {
            {.loops = n, .loops_late = n / 100 + 1},
            {.dispatches = n, .dispatches_late = n / 100 + 1},
            {.attempts = n, .own_failures = (uint64_t)(HEALTH_OWN_SHARE * (double)n) + 1},
            {.cpu = HEALTH_CPU + 1 / (double)n},
            {.stamps_kernel = 1, .answers = n, .answers_off = n / 100 + 1},
            {.stamps_kernel = 1, .answers = n, .dials = n, .dials_off = n / 100 + 1},
            {.requested = 100 * n, .achieved = 95 * n - 1},
            {.requested = 100 * n, .achieved = 100 * n, .achieved_late = 5 * n + 1}};
        for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++) {
            struct health health = narrow[i];
            health_judge(&health);
            assert_false(health.valid);
            const char *figure = health.why + strcspn(health.why, "0123456789");
            const char *word = strstr(health.why, "more than");
            if (word == NULL) word = strstr(health.why, "limit of");
            const bool over = word != NULL;
            if (word == NULL) word = strstr(health.why, "under");
            assert_non_null(word);
            const double limit = strtod(word + strcspn(word, "0123456789"), NULL);
            const double told = strtod(figure, NULL);
            if (over ? told <= limit : told >= limit) fail_msg("%s", health.why);
        }
    }
}

static void test_merge_adds_counts_and_keeps_the_worse_delays(void **state)
{
    (void)state;
    struct health a = {.loops = 1000,
                       .loops_late = 9,
                       .dispatches = 100,
                       .requested = 10,
                       .achieved = 10,
                       .wall_ms = 3000,
                       .cpu = 0.2,
                       .loop_delay_p99_ns = 5,
                       .loop_delay_max_ns = 90,
                       .lag_p99_ns = 7,
                       .lag_max_ns = 8};
    const struct health b = {.loops = 500,
                             .loops_late = 7,
                             .dispatches = 50,
                             .dispatches_late = 1,
                             .requested = 3,
                             .achieved = 3,
                             .achieved_late = 2,
                             .displaced = 1,
                             .attempts = 4000,
                             .own_failures = 1,
                             .cpu_quota = 0.5,
                             .cpu_periods = 10,
                             .cpu_throttled = 4,
                             .answers = 7,
                             .answers_off = 6,
                             .dials = 5,
                             .dials_off = 4,
                             .simulator_loops = 3,
                             .simulator_loops_late = 2,
                             .wall_ms = 1000,
                             .cpu = 1.0,
                             .loop_delay_p99_ns = 6,
                             .loop_delay_max_ns = 80,
                             .lag_p99_ns = 1,
                             .lag_max_ns = 9};
    health_merge(&a, &b);
    assert_int_equal(a.loops, 1500);
    assert_int_equal(a.loops_late, 16);
    assert_int_equal(a.dispatches, 150);
    assert_int_equal(a.dispatches_late, 1);
    assert_int_equal(a.requested, 13);
    assert_int_equal(a.achieved, 13);
    assert_int_equal(a.achieved_late, 2);
    assert_int_equal(a.displaced, 1);
    assert_int_equal(a.attempts, 4000);
    assert_int_equal(a.own_failures, 1);
    assert_true(a.cpu_quota == 0.5);
    assert_int_equal(a.cpu_periods, 10);
    assert_int_equal(a.cpu_throttled, 4);
    assert_int_equal(a.answers, 7);
    assert_int_equal(a.answers_off, 6);
    assert_int_equal(a.dials, 5);
    assert_int_equal(a.dials_off, 4);
    assert_int_equal(a.simulator_loops, 3);
    assert_int_equal(a.simulator_loops_late, 2);
    assert_int_equal(a.wall_ms, 4000);
    assert_true(a.cpu > 0.3999 && a.cpu < 0.4001); /* (0.2 * 3 + 1.0 * 1) / 4 */
    assert_int_equal(a.loop_delay_p99_ns, 6);
    assert_int_equal(a.loop_delay_max_ns, 90);
    assert_int_equal(a.lag_p99_ns, 7);
    assert_int_equal(a.lag_max_ns, 9);
    assert_false(a.valid);
    assert_non_null(strstr(a.why, "1.1% of loop turns")); /* 16 of 1500 */
}

static void test_a_short_bad_stretch_is_judged_in_the_whole(void **state)
{
    (void)state;
    struct health whole = {.loops = 25, .loops_late = 1};
    const struct health calm = {.loops = 100};
    health_judge(&whole);
    assert_false(whole.valid);
    health_merge(&whole, &calm);
    assert_true(whole.valid); /* 1 of 125 */
}

static void test_merge_into_an_empty_one_gives_the_other(void **state)
{
    (void)state;
    struct health empty = {0};
    struct health one = {
        .loop_delay_p99_ns = 3, .wall_ms = 10, .cpu = 0.5, .requested = 4, .achieved = 4};
    health_judge(&one);
    health_merge(&empty, &one);
    assert_int_equal(empty.loop_delay_p99_ns, 3);
    assert_true(empty.cpu == 0.5);
    assert_int_equal(empty.requested, 4);
    assert_true(empty.valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_limit_is_judged_at_its_edge),
        cmocka_unit_test(test_every_limit_that_was_exceeded_is_named),
        cmocka_unit_test(test_no_rounded_figure_contradicts_its_limit),
        cmocka_unit_test(test_merge_adds_counts_and_keeps_the_worse_delays),
        cmocka_unit_test(test_a_short_bad_stretch_is_judged_in_the_whole),
        cmocka_unit_test(test_merge_into_an_empty_one_gives_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
