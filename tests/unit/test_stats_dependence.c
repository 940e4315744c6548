#include "stats/dependence.h"
#include "stats/duration.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MINUTES 480

static struct time_block series[MINUTES];
static struct time_block other[MINUTES];

/* Minutes of 45 attempts with `failures` each; on consecutive days if `stretch` minutes make a
 * day. */
static void fill(struct time_block *blocks, size_t count, double failures, size_t stretch)
{
    for (size_t i = 0; i < count; i++) {
        double day = stretch > 0 ? floor((double)i / (double)stretch) : 0;
        double minute = stretch > 0 ? (double)(i % stretch) : (double)i;
        blocks[i] = (struct time_block){.start = day * 86400 + minute * 60,
                                        .seconds = 60,
                                        .attempts = 45,
                                        .failures = failures};
    }
}

static void close_to(const char *what, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%s is %.12g, wanted %.12g", what, got, want);
}

/* A failure in every minute: less variable than chance, so nothing is widened. */
static void even_failures_are_as_independent_ones(void **state)
{
    (void)state;
    fill(series, 60, 1, 0);
    struct service_rate rate = service_rate(series, 60, NULL, 0.95);
    struct estimate plain = rate_wilson(60, 60 * 45, 0.95);
    assert_int_equal(rate.dependence.why, DEPENDENCE_KNOWN);
    close_to("low", rate.estimate.low, plain.low, 1e-15);
    close_to("high", rate.estimate.high, plain.high, 1e-15);
    close_to("effect", rate.dependence.design_effect, 1, 0);
    close_to("effective", rate.effective_n, 2700, 0);
    close_to("unseen", rate.dependence.unseen_per_hour, 2.9957, 1e-4);
}

/*
 * U_k by hand: 6 blocks of 10 minutes; failures 0 0 0 30 0 0 of 450 each. p = 30/2700; influences
 * (x - 450 p)/2700 = (x - 5)/2700; sum of squares 5*25 + 625 = 750, times 6/5 and over 2700^2.
 */
static void variance_of_blocks_by_hand(void **state)
{
    (void)state;
    fill(series, 60, 0, 0);
    for (size_t i = 30; i < 40; i++) series[i].failures = 3;
    const struct block_series one = {.blocks = series, .count = 60};
    struct block_spread spread = block_spread(&one, 600);
    assert_int_equal(spread.blocks, 6);
    close_to("variance", spread.variance, 900.0 / (2700.0 * 2700.0), 1e-18);
    /* fourth moments: 5*625 + 390625 = 393750; 2*750^2/(393750 - 750^2/6) = 3.75 */
    close_to("degrees", spread.degrees, 3.75, 1e-9);
    struct block_spread minutes = block_spread(&one, 60);
    assert_int_equal(minutes.blocks, 60);
}

static void blocks_end_with_their_stretch(void **state)
{
    (void)state;
    fill(series, 420, 1, 60);
    const struct block_series week = {.blocks = series, .count = 420};
    assert_int_equal(block_spread(&week, 600).blocks, 42);
    assert_int_equal(block_spread(&week, 3600).blocks, 7);
    assert_int_equal(block_spread(&week, 86400).blocks, 7);
    double lengths[24];
    size_t count = block_lengths(&week, 6, lengths, COUNT(lengths));
    assert_true(count > 0);
    close_to("shortest", lengths[0], 60, 0);
    close_to("longest", lengths[count - 1], 3600, 0);
    /* One long stretch: at least six blocks of each. */
    fill(series, 60, 1, 0);
    const struct block_series hour = {.blocks = series, .count = 60};
    count = block_lengths(&hour, 6, lengths, COUNT(lengths));
    close_to("longest of an hour", lengths[count - 1], 600, 0);
}

static void one_incident_cannot_tell(void **state)
{
    (void)state;
    fill(series, 60, 0, 0);
    series[20].failures = series[21].failures = 27;
    struct service_rate rate = service_rate(series, 60, NULL, 0.95);
    assert_int_equal(rate.dependence.why, DEPENDENCE_FEW_INCIDENTS);
    close_to("value", rate.estimate.value, 0.02, 1e-12);
    close_to("low", rate.estimate.low, 0, 0);
    close_to("high", rate.estimate.high, 1, 0);
}

/* However many attempts: a minute may lie within an incident, and half an hour be one swing of a
 * drift. Enough time in too few blocks shows no dependence either. */
static void too_short_or_empty(void **state)
{
    (void)state;
    fill(series, 60, 1, 0);
    fill(other, 60, 1, 0);
    for (size_t minutes = 1; minutes <= 60; minutes++) {
        struct service_side a = {.blocks = series, .count = minutes};
        struct service_side b = {.blocks = other, .count = minutes};
        struct service_rate rate = service_rate(series, minutes, NULL, 0.95);
        assert_int_equal(rate.dependence.why, minutes < 20 ? DEPENDENCE_BRIEF : DEPENDENCE_KNOWN);
        enum dependence_why why = minutes < 30 ? DEPENDENCE_BRIEF : DEPENDENCE_KNOWN;
        assert_int_equal(service_difference(&a, &b, 0.95).dependence.why, why);
        assert_int_equal(service_difference_paired(&a, &b, 0.95).dependence.why, why);
        if (minutes >= 20) continue;
        close_to("low", rate.estimate.low, 0, 0);
        close_to("high", rate.estimate.high, 1, 0);
        close_to("least", rate.dependence.least_seconds, 1200, 0);
        close_to("growth", growth_to_clear(&rate, 45.0 * (double)minutes, 0.5, 0.95),
                 20 / (double)minutes, 1e-9);
    }
    for (size_t i = 0; i < 5; i++) series[i].seconds = 600;
    for (size_t i = 0; i < 5; i++) series[i].start = 600 * (double)i;
    assert_int_equal(service_rate(series, 5, NULL, 0.95).dependence.why, DEPENDENCE_SHORT);
    struct service_rate none = service_rate(series, 0, NULL, 0.95);
    assert_int_equal(none.dependence.why, DEPENDENCE_NO_ATTEMPTS);
    assert_false(none.estimate.valid);
}

/* A rate that climbs throughout says nothing about where it will go; if it climbs on each of seven
 * days, it shows what such hours are like. */
static void a_drift_as_long_as_the_run_cannot_tell(void **state)
{
    (void)state;
    fill(series, 60, 0, 0);
    for (size_t i = 0; i < 60; i++) series[i].failures = (double)(i / 10);
    struct service_rate rate = service_rate(series, 60, NULL, 0.95);
    assert_int_equal(rate.dependence.why, DEPENDENCE_DRIFT);
    close_to("low", rate.estimate.low, 0, 0);
    close_to("high", rate.estimate.high, 1, 0);
    fill(series, 420, 0, 60);
    for (size_t i = 0; i < 420; i++) series[i].failures = (double)(i % 60 / 10);
    rate = service_rate(series, 420, NULL, 0.95);
    assert_int_equal(rate.dependence.why, DEPENDENCE_KNOWN);
    assert_true(rate.estimate.low > 0 && rate.estimate.high < 1);
}

/* An hour's blocks end at 10 minutes, so a comparison of two hours uses the upper bound of their
 * variance; one of three hours, whose blocks reach 30 minutes, does not. */
static void short_runs_are_compared_with_care(void **state)
{
    (void)state;
    fill(series, 180, 1, 0);
    fill(other, 180, 2, 0);
    struct estimate a = rate_wilson(180, 180 * 45, 0.95);
    struct estimate b = rate_wilson(360, 180 * 45, 0.95);
    struct difference plain = rate_newcombe(&a, &b);
    struct service_side side_a = {.blocks = series, .count = 180};
    struct service_side side_b = {.blocks = other, .count = 180};
    struct service_difference d = service_difference(&side_a, &side_b, 0.95);
    close_to("low", d.difference.low, plain.low, 1e-12);
    close_to("high", d.difference.high, plain.high, 1e-12);
    d = service_difference_paired(&side_a, &side_b, 0.95);
    close_to("paired low", d.difference.low, plain.low, 1e-12);
    side_a.count = side_b.count = 60;
    a = rate_wilson(60, 60 * 45, 0.95);
    b = rate_wilson(120, 60 * 45, 0.95);
    plain = rate_newcombe(&a, &b);
    d = service_difference(&side_a, &side_b, 0.95);
    assert_int_equal(service_verdict(&d), DIFFERENCE_WORSE);
    assert_true(d.difference.low < plain.value - 1.3 * (plain.value - plain.low));
    assert_true(d.difference.low > plain.value - 2 * (plain.value - plain.low));
    /* Driven together, whatever both see cancels out, and blocks that do not vary are believed. */
    d = service_difference_paired(&side_a, &side_b, 0.95);
    close_to("paired low", d.difference.low, plain.low, 1e-12);
    /* But one of them may drift by itself: where the six blocks of 10 minutes do vary, their
     * variance counts with an upper bound of 70% (chi-square of 4 degrees above 2.195). */
    for (size_t i = 0; i < 60; i++) other[i].failures = i / 10 % 2 == 0 ? 1 : 3;
    const double variance = 6 * (10.0 / 2700) * (10.0 / 2700) * 6 / 5; /* each is off by 10 */
    d = service_difference_paired(&side_a, &side_b, 0.95);
    assert_true(d.difference.low < plain.value - 1.96 * sqrt(variance * 4 / 2.195));
}

static void room_for_what_was_not_seen(void **state)
{
    (void)state;
    fill(series, 60, 0, 0);
    struct service_rate rate = service_rate(series, 60, NULL, 0.95);
    double high = rate_wilson(0, 2700, 0.95).high;
    close_to("high", rate.estimate.high, high, 1e-15);
    /* 2.9957 an hour of 120 s at 60% */
    close_to("room", service_high_with_room(&rate, 120, 0.6), high + 2.9957 / 30 * 0.6, 1e-5);
    close_to("no more than all", service_high_with_room(&rate, 7200, 1), 1, 0);
}

/* Whatever strikes both regions in the same minutes says nothing about their difference. */
static void common_incidents_cancel(void **state)
{
    (void)state;
    fill(series, 480, 1, 0);
    for (size_t i = 5; i < 480; i += 60) series[i].failures = series[i + 1].failures = 27;
    memcpy(other, series, sizeof series);
    for (size_t i = 0; i < 480; i++) other[i].failures += 2;
    const struct service_side a = {.blocks = series, .count = 480};
    const struct service_side b = {.blocks = other, .count = 480};
    struct service_difference d = service_difference_paired(&a, &b, 0.95);
    close_to("difference", d.difference.value, 2.0 / 45, 1e-12);
    assert_int_equal(service_verdict(&d), DIFFERENCE_WORSE);
    struct service_difference apart = service_difference(&a, &b, 0.95);
    assert_true(apart.difference.low < d.difference.low);
    d = service_difference_paired(&b, &a, 0.95);
    assert_int_equal(service_verdict(&d), DIFFERENCE_BETTER);
    assert_true(service_within_margin(&d, 0));
}

/* Without dependence the ranks are those of the binomial, and P99 needs 368. */
static void quantile_ranks_of_independent_values(void **state)
{
    (void)state;
    fill(series, 60, 1, 0);
    struct service_rate above = service_rate(series, 60, NULL, 0.95);
    uint64_t low;
    uint64_t high;
    uint64_t plain_low;
    uint64_t plain_high;
    assert_true(service_quantile_ranks(2000, 0.99, &above, 0.95, &low, &high));
    assert_true(quantile_ranks(2000, 0.99, 0.95, &plain_low, &plain_high));
    assert_in_range(low, plain_low, plain_low);
    assert_in_range(high, plain_high, plain_high);
    assert_true(service_quantile_ranks(368, 0.99, &above, 0.95, &low, &high));
    assert_false(service_quantile_ranks(367, 0.99, &above, 0.95, &low, &high));
    above.dependence.design_effect = 4;
    assert_false(service_quantile_ranks(1471, 0.99, &above, 0.95, &low, &high));
    assert_true(service_quantile_ranks(1472, 0.99, &above, 0.95, &low, &high));
    above.dependence.why = DEPENDENCE_DRIFT;
    assert_false(service_quantile_ranks(1480, 0.99, &above, 0.95, &low, &high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_failures_are_as_independent_ones),
        cmocka_unit_test(variance_of_blocks_by_hand),
        cmocka_unit_test(blocks_end_with_their_stretch),
        cmocka_unit_test(one_incident_cannot_tell),
        cmocka_unit_test(too_short_or_empty),
        cmocka_unit_test(a_drift_as_long_as_the_run_cannot_tell),
        cmocka_unit_test(short_runs_are_compared_with_care),
        cmocka_unit_test(room_for_what_was_not_seen),
        cmocka_unit_test(common_incidents_cancel),
        cmocka_unit_test(quantile_ranks_of_independent_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
