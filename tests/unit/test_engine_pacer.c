#include "base/clock.h"
#include "engine/pacer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define S(x) ((int64_t)((x)*NS_PER_S))
#define STAGE(seconds, level)                                                                      \
    {                                                                                              \
        .duration_ns = S(seconds), .target = (level)                                               \
    }
#define NEAR(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* 0 to 10/s over 10 s, 10/s for 20 s, a step to 2/s for 10 s: areas by hand 50, 200, 20. */
static struct stage stages[] = {STAGE(10, 10), STAGE(20, 10), STAGE(0, 2), STAGE(10, 2)};
static const struct load ramp = {
    .model = LOAD_ARRIVALS, .arrival = ARRIVAL_EVEN, .stages = stages, .stage_count = 4};

static void levels_follow_the_stages(void **state)
{
    static const struct {
        double at_s, level, expected;
    } rows[] = {
        {0, 0, 0},    {5, 5, 12.5},   {10, 10, 50}, {29, 10, 240},
        {30, 2, 250}, {39.5, 2, 269}, {40, 0, 270}, {99, 0, 270},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NEAR(pacer_level(&ramp, S(rows[i].at_s)), rows[i].level, 1e-9);
        NEAR(pacer_expected(&ramp, S(rows[i].at_s)), rows[i].expected, 1e-9);
    }
}

static void when_is_the_inverse_of_expected(void **state)
{
    (void)state;
    for (double count = 0.25; count < 270; count += 1.75) {
        int64_t at;
        assert_true(pacer_when(&ramp, count, &at));
        NEAR(pacer_expected(&ramp, at), count, 1e-6);
    }
    int64_t at;
    assert_true(pacer_when(&ramp, 12.5, &at));
    assert_true(llabs(at - S(5)) < 1000); /* by hand: t*t/2 = 12.5 */
    assert_false(pacer_when(&ramp, 270, &at));
}

static void even_arrivals_fill_each_hour_exactly(void **state)
{
    /* The hours of the reference incident: 997, 950, 893 and 300 arrivals. */
    struct stage hours[] = {STAGE(0, 997 / 3600.0), STAGE(3600, 997 / 3600.0),
                            STAGE(0, 950 / 3600.0), STAGE(3600, 950 / 3600.0),
                            STAGE(0, 893 / 3600.0), STAGE(3600, 893 / 3600.0),
                            STAGE(0, 300 / 3600.0), STAGE(3600, 300 / 3600.0)};
    const struct load load = {.arrival = ARRIVAL_EVEN, .stages = hours, .stage_count = 8};
    static const unsigned wanted[] = {997, 950, 893, 300};
    unsigned counted[4] = {0};
    struct arrivals arrivals;
    int64_t due;
    int64_t before = -1;
    uint64_t number;
    uint64_t next = 0;
    (void)state;
    arrivals_init(&arrivals, &load, 1, 0);
    while (arrivals_next(&arrivals, &due, &number)) {
        assert_true(due > before);
        assert_int_equal(number, next++);
        before = due;
        counted[due / S(3600)]++;
    }
    for (int i = 0; i < 4; i++) assert_int_equal(counted[i], wanted[i]);
}

static void poisson_arrivals_have_exponential_gaps(void **state)
{
    struct stage flat[] = {STAGE(0, 50), STAGE(2000, 50)};
    const struct load load = {.arrival = ARRIVAL_POISSON, .stages = flat, .stage_count = 2};
    struct arrivals arrivals;
    double sum = 0;
    double squares = 0;
    unsigned long over_mean = 0;
    unsigned long count = 0;
    int64_t due;
    int64_t before = 0;
    uint64_t number;
    (void)state;
    arrivals_init(&arrivals, &load, 42, 0);
    while (arrivals_next(&arrivals, &due, &number)) {
        double gap = (double)(due - before) / (double)NS_PER_S;
        sum += gap;
        squares += gap * gap;
        over_mean += gap > 0.02;
        before = due;
        count++;
    }
    double mean = sum / (double)count;
    /* 100,000 expected: their number within 5 sigma, mean 1/50, standard deviation equal to the
     * mean, P(gap > mean) = 1/e. */
    assert_true(fabs((double)count - 100000) < 5 * sqrt(100000));
    NEAR(mean, 0.02, 0.0004);
    NEAR(sqrt(squares / (double)count - mean * mean), 0.02, 0.0006);
    NEAR((double)over_mean / (double)count, exp(-1), 0.008);
}

static void the_same_seed_gives_the_same_plan(void **state)
{
    struct stage flat[] = {STAGE(10, 5)};
    const struct load load = {.arrival = ARRIVAL_POISSON, .stages = flat, .stage_count = 1};
    struct arrivals a;
    struct arrivals b;
    struct arrivals other;
    int64_t due_a;
    int64_t due_b;
    int64_t due_other;
    uint64_t number;
    (void)state;
    arrivals_init(&a, &load, 7, 1);
    arrivals_init(&b, &load, 7, 1);
    arrivals_init(&other, &load, 7, 2);
    assert_true(arrivals_next(&a, &due_a, &number));
    assert_true(arrivals_next(&b, &due_b, &number));
    assert_true(arrivals_next(&other, &due_other, &number));
    assert_int_equal(due_a, due_b);
    assert_int_not_equal(due_a, due_other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_follow_the_stages),
        cmocka_unit_test(when_is_the_inverse_of_expected),
        cmocka_unit_test(even_arrivals_fill_each_hour_exactly),
        cmocka_unit_test(poisson_arrivals_have_exponential_gaps),
        cmocka_unit_test(the_same_seed_gives_the_same_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
