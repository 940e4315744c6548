/* Failure rates and quantiles with honest intervals. Formulas and their reasons: each function names its source. */
#ifndef RUSHHOUR_STATS_RATE_H
#define RUSHHOUR_STATS_RATE_H

#include "stats/histogram.h"

#include <stdbool.h>
#include <stdint.h>

/* A value with its two-sided interval. `valid` is false when nothing can be said (no trials); the fields are then 0, 0, 1. */
struct estimate {
    bool valid;
    double value, low, high;
};

/* Wilson's score interval for x of n (Wilson 1927); n and x may be fractional (effective sizes). confidence: 0.95. */
struct estimate rate_wilson(double x, double n, double confidence);

/* Clopper and Pearson's exact interval (1934) by the beta quantile. */
struct estimate rate_clopper_pearson(uint64_t x, uint64_t n, double confidence);

/* Sums over sessions i with m_i attempts of which x_i failed: all that the cluster-adjusted interval needs; they merge by +. */
struct cluster_sums {
    uint64_t sessions;      /* S: sessions with at least one attempt */
    uint64_t with_failure;  /* sessions with x_i > 0 */
    double m, x, mm, mx, xx; /* sums of m, x, m*m, m*x, x*x */
    uint64_t at_risk;       /* attempts up to and including each session's first failure */
    uint64_t first_failures; /* at most one a session */
};

/* Adds one session's attempts to the sums; first_failure is the 1-based number of its first failed attempt, 0 for none. */
void cluster_add(struct cluster_sums *sums, uint64_t attempts, uint64_t failed, uint64_t first_failure);
void cluster_merge(struct cluster_sums *into, const struct cluster_sums *from);

/*
 * Share of attempts failed, with Wilson on n/deff, deff = max(1, v / (p(1-p)/(n-1))), v = sum (x_i - m_i p)^2 / n^2 *
 * S/(S-1); a t quantile on S-1 degrees of freedom under 30 sessions; Clopper-Pearson at session level when at most one
 * session failed (Korn and Graubard 1998). *method, when given, points to a constant phrase that says which was used.
 */
struct estimate rate_clustered(const struct cluster_sums *sums, double confidence, const char **method);

/* The design effect as above; 1 when it cannot be estimated. */
double cluster_design_effect(const struct cluster_sums *sums);

/* Order-statistic interval of a quantile q (0..1) of a histogram (binomial ranks, David and Nagaraja 2003, 7.1). */
struct quantile {
    bool valid;       /* there are samples */
    bool two_sided;   /* enough samples for a finite two-sided interval (P99: 368 at 95%) */
    int64_t value, low, high; /* in the histogram's unit, bucket width included; high is max when not two_sided */
};
struct quantile histogram_quantile(const struct histogram *h, double q, double confidence);

/* Quantiles of the standard normal and of Student's t, and the beta quantile, for tests and callers. */
double normal_quantile(double p);
double student_quantile(double p, double degrees);
double beta_quantile(double p, double a, double b);

#endif
