/* The verdict about ttft against the P99s themselves, both ways: answers of many spreads, some of
 * them made later by us. */
#include "engine/own_share.h"

#include "base/clock.h"
#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define ANSWERS 2000
#define SEED 20261130

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nearest rank, as reports take it. */
static double p99_of(double *ms, size_t count)
{
    qsort(ms, count, sizeof *ms, by_size);
    return ms[(size_t)ceil(0.99 * (double)count) - 1];
}

/* `spread`: 0 all alike, otherwise heavy to the right; `share` of the answers are late by about
 * late_ms. */
static void judge(struct random *random, double spread, double share, double late_ms, double speed)
{
    static double right[ANSWERS], recorded[ANSWERS];
    struct cell cell = {0};
    struct health health = {.stamps_kernel = 1};
    for (size_t i = 0; i < ANSWERS; i++) {
        right[i] = 150 * exp(spread * random_normal(random));
        const bool late = random_unit(random) < share;
        recorded[i] = right[i] + (late ? late_ms * (0.5 + random_unit(random)) : 0);
        cell_latency(&cell, METRIC_TTFT, (int64_t)(recorded[i] * speed * (double)NS_PER_MS));
        cell_ttft_of_service(&cell, (int64_t)(right[i] * speed * (double)NS_PER_MS));
    }
    own_share_count(&cell, speed, &health);
    health_judge(&health);
    assert_int_equal(health.answers, ANSWERS);
    const double truly = p99_of(right, ANSWERS);
    const double allowed = fmax(5, 0.05 * truly), off = p99_of(recorded, ANSWERS) - truly;
    /* a histogram's buckets are 0.1% wide */
    if (off > allowed + 0.003 * truly && health.valid)
        fail_msg("valid, but %.2f ms off, allowed %.2f", off, allowed);
    if (off < allowed - 0.003 * truly && !health.valid)
        fail_msg("%s; but only %.2f ms off, allowed %.2f", health.why, off, allowed);
    cell_free(&cell);
}

static void test_the_verdict_is_that_of_the_p99_both_ways(void **state)
{
    (void)state;
    static const double spreads[] = {0, 0.05, 0.3, 0.6};
    static const double shares[] = {0, 0.002, 0.009, 0.015, 0.05, 0.3, 1};
    static const double lates[] = {0.5, 3, 6, 12, 40, 400};
    struct random random;
    random_seed(&random, SEED, 0);
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++)
        for (size_t j = 0; j < sizeof shares / sizeof *shares; j++)
            for (size_t k = 0; k < sizeof lates / sizeof *lates; k++)
                for (int speed = 1; speed <= 60; speed += 59)
                    judge(&random, spreads[i], shares[j], lates[k], speed);
}

static void test_without_answers_nothing_is_added(void **state)
{
    (void)state;
    struct cell cell = {0};
    struct health health = {0};
    own_share_count(&cell, 1, &health);
    assert_int_equal(health.answers, 0);
    cell_ttft_of_service(&cell, -1); /* more of it is ours than there is of it: 0 */
    assert_int_equal(cell.counters.clipped, 0);
    cell_free(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_verdict_is_that_of_the_p99_both_ways),
        cmocka_unit_test(test_without_answers_nothing_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
