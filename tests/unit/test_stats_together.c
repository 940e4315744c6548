/* Regions that fail at the same times, and what only looks like it. */
#include "stats/together.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 360
#define REGIONS 3

static struct together_block blocks[REGIONS][BLOCKS];
static const struct together_block *const regions[REGIONS] = {blocks[0], blocks[1], blocks[2]};
static unsigned stages[BLOCKS];
static struct together pairs[3];

/* The number of attempts that `load` gives for each block, none of them failed. */
static void attempts(double (*load)(size_t block))
{
    memset(blocks, 0, sizeof blocks);
    memset(stages, 0, sizeof stages);
    for (size_t r = 0; r < REGIONS; r++) {
        for (size_t i = 0; i < BLOCKS; i++) blocks[r][i].attempts = load(i);
    }
}

static double ten(size_t block)
{
    (void)block;
    return 10;
}

static double ramp(size_t block)
{
    return 2 + (double)block;
}

/* Failures in irregular blocks, of which `offset` shifts all: multiples of 47 modulo 360. */
static void fail_at(size_t region, size_t offset, size_t times, double failed)
{
    for (size_t k = 0; k < times; k++) {
        size_t i = (k * k * 13 + 47 * k + offset) % BLOCKS;
        blocks[region][i].failed = fmin(failed, blocks[region][i].attempts);
    }
}

static void find(size_t count, const unsigned *stage)
{
    assert_true(together_find(regions, REGIONS, count, stage, pairs));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pairs[i].a, i < 2 ? 0 : 1);
        assert_int_equal(pairs[i].b, i == 0 ? 1 : 2);
        assert_true(pairs[i].adjusted >= pairs[i].p && pairs[i].r >= -1 && pairs[i].r <= 1);
    }
}

static void common_failures_are_seen(void **state)
{
    (void)state;
    double (*const loads[])(size_t) = {ten, ramp};
    for (size_t k = 0; k < 2; k++) {
        attempts(loads[k]);
        fail_at(0, 5, 12, 4);
        fail_at(1, 5, 12, 3);
        fail_at(2, 11, 12, 3);
        find(BLOCKS, NULL);
        assert_int_equal(pairs[0].verdict, TOGETHER_YES);
        assert_true(fabs(pairs[0].p - 1.0 / BLOCKS) < 1e-12); /* no other shift is as high */
        assert_true(pairs[0].both > 10 && pairs[0].expected < 1);
        assert_int_equal(pairs[1].verdict, TOGETHER_NOT_SEEN);
        assert_int_equal(pairs[2].verdict, TOGETHER_NOT_SEEN);
    }
}

/*
 * The fault of old: a region that never fails, or both under a ramp with a failure here and there,
 * correlated at up to 0.7, since the transformed rate of a zero count moves with the attempts.
 */
static void a_region_that_never_fails_is_unknown(void **state)
{
    (void)state;
    attempts(ramp);
    fail_at(1, 5, 20, 1);
    fail_at(2, 91, 4, 1); /* too few to say anything */
    find(BLOCKS, NULL);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pairs[i].verdict, TOGETHER_UNKNOWN);
        assert_true(pairs[i].p == 1 && pairs[i].r == 0);
    }
}

static void a_ramp_is_no_common_cause(void **state)
{
    (void)state;
    attempts(ramp);
    for (size_t i = 0; i < BLOCKS; i++) { /* the same rate all along, in turns */
        blocks[i % 2][i].failed = floor(blocks[0][i].attempts / 40);
        blocks[2][i].failed = floor(blocks[2][i].attempts / 60);
    }
    find(BLOCKS, NULL);
    for (size_t i = 0; i < 3; i++) assert_int_equal(pairs[i].verdict, TOGETHER_NOT_SEEN);
}

/* A step of the load that raises all rates to ten times: with its stage known, nothing in
 * common. */
static void a_load_stage_is_taken_as_given(void **state)
{
    (void)state;
    attempts(ten);
    for (size_t i = 0; i < BLOCKS; i++) {
        stages[i] = i >= 190 && i < 210;
        for (size_t r = 0; r < REGIONS; r++)
            blocks[r][i].failed = stages[i] ? 4 : (i + 3 * r) % (7 + 2 * r) == 0;
    }
    find(BLOCKS, NULL);
    assert_int_equal(pairs[0].verdict, TOGETHER_YES); /* who does not know it, believes it */
    find(BLOCKS, stages);
    for (size_t i = 0; i < 3; i++) assert_int_equal(pairs[i].verdict, TOGETHER_NOT_SEEN);
}

/* One region fails where the other does not: no sign of anything shared. */
static void opposites_are_not_together(void **state)
{
    (void)state;
    attempts(ten);
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[0][i].failed = i % 2 == 0 ? 2 : 0;
        blocks[1][i].failed = i % 2 == 1 ? 2 : 0;
        blocks[2][i].failed = 1;
    }
    find(BLOCKS, NULL);
    assert_int_equal(pairs[0].verdict, TOGETHER_NOT_SEEN);
    assert_true(pairs[0].r < -0.9);
    assert_int_equal(pairs[1].verdict, TOGETHER_UNKNOWN); /* a constant carries no information */
}

static void short_runs_are_unknown(void **state)
{
    (void)state;
    attempts(ten);
    for (size_t r = 0; r < REGIONS; r++) fail_at(r, 0, 100, 3);
    static const size_t counts[] = {0, 1, 39};
    for (size_t k = 0; k < 3; k++) {
        find(counts[k], NULL);
        for (size_t i = 0; i < 3; i++) assert_int_equal(pairs[i].verdict, TOGETHER_UNKNOWN);
    }
}

/* The best of 99 shifts, among three pairs, is not beyond chance; that of 100 is. */
static void many_pairs_need_many_shifts(void **state)
{
    (void)state;
    static const size_t at[] = {3, 7, 18, 31, 33, 46, 55};
    attempts(ten);
    for (size_t k = 0; k < 7; k++) {
        for (size_t r = 0; r < REGIONS; r++) blocks[r][at[k]].failed = 5;
    }
    find(99, NULL);
    for (size_t i = 0; i < 3; i++) assert_int_equal(pairs[i].verdict, TOGETHER_UNKNOWN);
    find(100, NULL);
    for (size_t i = 0; i < 3; i++) assert_int_equal(pairs[i].verdict, TOGETHER_YES);
}

/* Longer than what is compared: blocks are put together, and what is common stays so. */
static void long_runs_are_put_together(void **state)
{
    (void)state;
    static struct together_block days[2][10001];
    static const struct together_block *const both[2] = {days[0], days[1]};
    for (size_t i = 0; i < 10001; i++) {
        for (size_t r = 0; r < 2; r++)
            days[r][i] = (struct together_block){5, i * i % 1009 < 3 ? 3 : 0};
    }
    assert_true(together_find(both, 2, 10001, NULL, pairs));
    assert_int_equal(pairs[0].verdict, TOGETHER_YES);
    assert_int_equal(pairs[0].blocks, (10001 + 6) / 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_failures_are_seen),
        cmocka_unit_test(a_region_that_never_fails_is_unknown),
        cmocka_unit_test(a_ramp_is_no_common_cause),
        cmocka_unit_test(a_load_stage_is_taken_as_given),
        cmocka_unit_test(opposites_are_not_together),
        cmocka_unit_test(short_runs_are_unknown),
        cmocka_unit_test(many_pairs_need_many_shifts),
        cmocka_unit_test(long_runs_are_put_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
