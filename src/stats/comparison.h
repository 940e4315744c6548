/* Is one service worse than another? Differences of rates and of quantiles with intervals, and
 * tests. */
#ifndef RUSHHOUR_STATS_COMPARISON_H
#define RUSHHOUR_STATS_COMPARISON_H

#include "stats/rate.h"

#include <stdbool.h>
#include <stdint.h>

/* A difference with its two-sided interval; `valid` is false if a side is unknown, and everything
 * else is then 0. */
struct difference {
    bool valid;
    double value, low, high;
};

/*
 * b - a of two independent rates by Newcombe's hybrid score (1998, "Interval estimation for the
 * difference between independent proportions", method 10), which is the MOVER of Zou and Donner
 * (2008) applied to any two intervals: pass rate_clustered() for sessions. Both intervals must have
 * the same confidence, which is then that of the difference.
 */
struct difference rate_newcombe(const struct estimate *a, const struct estimate *b);

/*
 * `treated` - `control`: whether a difference (peak minus quiet hours, in one region) is larger
 * than another one at the same times (in the control region). MOVER on the two intervals (Zou and
 * Donner 2008).
 */
struct difference difference_in_differences(const struct difference *treated,
                                            const struct difference *control);

/*
 * b - a of two quantiles, in their histograms' unit, by MOVER on their order-statistic intervals.
 * Conservative: coverage is 97 to 99% (statistics page, section 4). Invalid unless both have a
 * two-sided interval.
 */
struct difference quantile_difference(const struct quantile *a, const struct quantile *b);

/*
 * Two-sided p-value for equal rates, x1 of n1 against x2 of n2, by the score test (Pearson's
 * chi-squared with one degree of freedom, no continuity correction). Sizes may be fractional:
 * divide x and n by the design effect. *z, if not NULL, is signed: positive when the second rate is
 * higher. 1 when nothing can be said.
 */
double rate_score_test(double x1, double n1, double x2, double n2, double *z);

/*
 * Two-sided p-value for equal rates by Fisher's exact test (1935): the sum over all tables with the
 * same margins that are no likelier than the observed one. For independent trials with small
 * expected counts; conservative. x above n counts as n; 1 if a side is empty.
 */
double fisher_exact(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2);

/*
 * p-values adjusted for n comparisons by Holm's step-down (1979): rejecting where adjusted[i] is
 * below the level keeps the chance of any false alarm below it. p and adjusted hold n numbers and
 * may be the same array. False when out of memory; adjusted is then all 1.
 */
MUST_USE bool holm_adjust(const double *p, size_t n, double *adjusted);

#endif
