/* Compares two services within strata (windows of the same minutes), so that the time of day
 * cancels out. */
#ifndef RUSHHOUR_STATS_STRATIFIED_H
#define RUSHHOUR_STATS_STRATIFIED_H

#include <stdbool.h>
#include <stddef.h>

/* One window: x1 of n1 failed on one side, x2 of n2 on the other. May be fractional (effective
 * sizes). */
struct stratum {
    double x1, n1, x2, n2;
};

/* The combined result of all strata. If no stratum has both sides and both outcomes, `valid` is
 * false and p is 1. */
struct stratified {
    bool valid;
    double chi_squared, p; /* Cochran-Mantel-Haenszel, one degree of freedom, no continuity
                              correction */
    double odds_ratio;     /* Mantel-Haenszel, of the second side against the first; infinite if
                         unbounded */
    double low, high;      /* its interval; 0 and infinity if one of its sums is 0 */
    size_t used;           /* informative strata */
};

/* The test of Cochran (1954) and Mantel and Haenszel (1959) with the latter's common odds ratio,
 * and the interval of Robins, Breslow and Greenland (1986). */
struct stratified stratified_compare(const struct stratum *strata, size_t count, double confidence);

#endif
