/* Windows that stand out, and those that merely have the highest load or the run's only
 * incident. */
#include "stats/standout.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOURS 12
#define PER_HOUR 360
#define MINUTE 6
#define BLOCKS ((size_t)HOURS * PER_HOUR)

static struct standout_block blocks[BLOCKS];

/* Hours of 10 attempts a block with a failure in one of 15 blocks, here and there. */
static void steady(void)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t scattered = i * 2654435761U % 4294967296U / 65536 % 15;
        blocks[i] = (struct standout_block){
            .attempts = 10, .failed = scattered == 0, .window = i / PER_HOUR};
    }
}

static void incident(size_t number, size_t start, size_t length)
{
    for (size_t i = start; i < start + length; i++) {
        blocks[i].failed = 6;
        blocks[i].incident = number;
    }
}

static struct standout find(void)
{
    struct standout found;
    struct standout again;
    assert_true(standout_find(blocks, BLOCKS, HOURS, MINUTE, &found));
    assert_true(standout_find(blocks, BLOCKS, HOURS, MINUTE, &again));
    assert_true(found.p == again.p && found.window == again.window);
    assert_true(found.p > 0 && found.p <= 1);
    return found;
}

static void no_hour_of_many_alike(void **state)
{
    (void)state;
    steady();
    struct standout found = find();
    assert_true(found.known);
    assert_int_equal(found.windows, HOURS);
    assert_true(found.p > 0.05);
}

static void an_hour_of_more_failures(void **state)
{
    (void)state;
    steady();
    double failed = 0;
    for (size_t i = 5 * PER_HOUR; i < 6 * PER_HOUR; i++) {
        blocks[i].failed += i % 5 == 0;
        failed += blocks[i].failed;
    }
    struct standout found = find();
    assert_int_equal(found.window, 5);
    assert_false(found.by_incidents);
    assert_true(found.p <= 0.05);
    assert_true(found.attempts == 10 * PER_HOUR && found.failed == failed);
    double all = 0;
    for (size_t i = 0; i < BLOCKS; i++) all += blocks[i].failed;
    assert_true(fabs(found.expected - all / HOURS) < 1e-9);
}

/* The highest stage hits a quota: its window is as expected from its load. */
static void a_load_stage_does_not_stand_out(void **state)
{
    (void)state;
    steady();
    for (size_t i = 9 * PER_HOUR; i < 10 * PER_HOUR; i++) {
        blocks[i].attempts = 30;
        blocks[i].failed = i % 2 == 0 ? 3 : 0;
    }
    assert_true(find().p <= 0.05);
    for (size_t i = 9 * PER_HOUR; i < 10 * PER_HOUR; i++) blocks[i].stage = 1;
    assert_true(find().p > 0.05);
}

/* One incident has to strike somewhere; five of seven in the same hour do not have to. */
static void incidents_count_as_such(void **state)
{
    (void)state;
    steady();
    incident(1, 3 * PER_HOUR + 20, 60);
    struct standout one = find();
    assert_true(one.p > 0.05);
    assert_int_equal(one.all_incidents, 1);
    for (size_t k = 0; k < 4; k++) incident(2 + k, 3 * PER_HOUR + 100 + 50 * k, 12);
    incident(6, 7 * PER_HOUR + 350, 30); /* across the hour: it began in the eighth */
    incident(7, 100, 12);
    struct standout found = find();
    assert_true(found.by_incidents);
    assert_int_equal(found.window, 3);
    assert_int_equal(found.incidents, 5);
    assert_int_equal(found.all_incidents, 7);
    /* P(5 or more of 7 at 1/12) = 21 (1/12)^5 (11/12)^2 + 7 (1/12)^6 (11/12) + (1/12)^7, twice, and
     * 12 windows. */
    double p = 1.0 / 12;
    double tail = 21 * pow(p, 5) * (1 - p) * (1 - p) + 7 * pow(p, 6) * (1 - p) + pow(p, 7);
    assert_true(fabs(found.p - 2 * 12 * tail) < 1e-12);
}

/* Eight minutes in which a session fails on and on: moved as a whole they are nothing special. */
static void failures_in_a_row_move_together(void **state)
{
    (void)state;
    steady();
    for (size_t k = 0; k < 24; k++) {
        size_t start = (k * k * 977 + 131 * k) % (BLOCKS - 60);
        for (size_t i = start; i < start + 48; i++) blocks[i].failed = 3;
    }
    struct standout found = find();
    assert_true(found.p > 0.05);
    assert_true(found.piece >= 5 * MINUTE);
}

static void what_cannot_be_judged_is_not_known(void **state)
{
    (void)state;
    struct standout found;
    steady();
    assert_true(
        standout_find(blocks, BLOCKS, 1, MINUTE, &found)); /* one window; the rest is none */
    assert_false(found.known);
    assert_true(found.p == 1);
    assert_true(standout_find(blocks, 0, HOURS, MINUTE, &found));
    assert_false(found.known);
    for (size_t i = 0; i < BLOCKS; i++) blocks[i].failed = 0;
    assert_false(find().known);
    steady();
    for (size_t i = 0; i < BLOCKS; i++) blocks[i].window = i < 6 ? i : STANDOUT_NO_WINDOW;
    assert_false(find().known); /* ten seconds each: shorter than any piece */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_hour_of_many_alike),
        cmocka_unit_test(an_hour_of_more_failures),
        cmocka_unit_test(a_load_stage_does_not_stand_out),
        cmocka_unit_test(incidents_count_as_such),
        cmocka_unit_test(failures_in_a_row_move_together),
        cmocka_unit_test(what_cannot_be_judged_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
