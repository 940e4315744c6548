/* Two services compared within strata (windows of the same minutes), so that the hour of the day
 * cancels out. */
#ifndef RUSHHOUR_STATS_STRATIFIED_H
#define RUSHHOUR_STATS_STRATIFIED_H

#include <stdbool.h>
#include <stddef.h>

/* One window: x1 of n1 failed on the one side, x2 of n2 on the other. May be fractional (effective
 * sizes). */
struct stratum {
    double x1, n1, x2, n2;
};

/* What all strata say together. Without a stratum that has both sides and both outcomes `valid` is
 * false, p 1. */
struct stratified {
    bool valid;
    double chi_squared, p; /* Cochran-Mantel-Haenszel, one degree of freedom, no continuity
                              correction */
    double
        odds_ratio;   /* Mantel-Haenszel, of the second side against the first; infinite when it has
                       no bound */
    double low, high; /* its interval; 0 and infinity when one of its sums is 0 */
    size_t used;      /* strata that had something to say */
};

/*
 * The test of Cochran (1954) and Mantel and Haenszel (1959) and the common odds ratio of the
 * latter, with the interval of Robins, Breslow and Greenland (1986).
 */
struct stratified stratified_compare(const struct stratum *strata, size_t count, double confidence);

#endif
