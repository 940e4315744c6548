/* The limits of health.h: 20 ms of loop or dispatch delay, 90% of a core, 95% of the requested load. */
#include "record/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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
        {{.loop_delay_p99_ns = 20 * MS, .dispatch_delay_p99_ns = 20 * MS, .cpu = 0.9}, NULL},
        {{.loop_delay_max_ns = 900 * MS, .dispatch_delay_max_ns = 900 * MS}, NULL},
        {{.loop_delay_p99_ns = 20 * MS + 1}, "loop delay P99 20.0 ms"},
        {{.loop_delay_p99_ns = 35 * MS}, "loop delay P99 35.0 ms, over the limit of 20 ms"},
        {{.dispatch_delay_p99_ns = 2100 * MS}, "dispatch delay P99 2100.0 ms"},
        {{.cpu = 0.97}, "97% of a core, over the limit of 90%"},
        {{.requested = 100, .achieved = 95}, NULL},
        {{.requested = 1000, .achieved = 949}, "94.9% of the requested load"},
        {{.requested = 10, .achieved = 9}, NULL}, /* the one may be dialled at the next interval's start */
        {{.requested = 1, .achieved = 0}, NULL},
        {{.requested = 2, .achieved = 0}, "0.0% of the requested load"},
        {{.requested = 10, .achieved = 11}, NULL},
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

static void test_merge_keeps_the_worse_of_each_figure(void **state)
{
    (void)state;
    struct health a = {.loop_delay_p99_ns = 5,
                       .loop_delay_max_ns = 90,
                       .dispatch_delay_p99_ns = 7,
                       .dispatch_delay_max_ns = 8,
                       .cpu = 0.2,
                       .requested = 10,
                       .achieved = 10};
    const struct health b = {.loop_delay_p99_ns = 6,
                             .loop_delay_max_ns = 80,
                             .dispatch_delay_p99_ns = 1,
                             .dispatch_delay_max_ns = 9,
                             .cpu = 0.95,
                             .requested = 3,
                             .achieved = 2};
    health_merge(&a, &b);
    assert_int_equal(a.loop_delay_p99_ns, 6);
    assert_int_equal(a.loop_delay_max_ns, 90);
    assert_int_equal(a.dispatch_delay_p99_ns, 7);
    assert_int_equal(a.dispatch_delay_max_ns, 9);
    assert_true(a.cpu == 0.95);
    assert_int_equal(a.requested, 13);
    assert_int_equal(a.achieved, 12);
    assert_false(a.valid);
    assert_non_null(strstr(a.why, "95% of a core"));
}

static void test_merge_into_an_empty_one_gives_the_other(void **state)
{
    (void)state;
    struct health empty = {0};
    struct health one = {.loop_delay_p99_ns = 3, .cpu = 0.5, .requested = 4, .achieved = 4};
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
        cmocka_unit_test(test_merge_keeps_the_worse_of_each_figure),
        cmocka_unit_test(test_merge_into_an_empty_one_gives_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
