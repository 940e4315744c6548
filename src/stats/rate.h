/* Failure rates and quantiles with honest intervals; each function names the source of its
 * formula. */
#ifndef RUSHHOUR_STATS_RATE_H
#define RUSHHOUR_STATS_RATE_H

#include "stats/histogram.h"

#include <stdbool.h>
#include <stdint.h>

/* A value with its two-sided interval. `valid` is false if nothing can be said (no trials, or a
 * confidence that is not between 0 and 1); the fields are then 0, 0, 1. */
struct estimate {
    bool valid;
    double value, low, high;
};

/* Wilson's score interval for x of n (Wilson 1927), both of which may be fractional (effective
 * sizes). */
struct estimate rate_wilson(double x, double n, double confidence);

/* Clopper and Pearson's exact interval (1934) by the beta quantile. */
struct estimate rate_clopper_pearson(uint64_t x, uint64_t n, double confidence);

/*
 * Sums over clusters i with m_i attempts, x_i of them failed, for the adjusted interval; merged by
 * addition. A cluster is an interaction chain (the sessions joined by retried interactions), or a
 * session by itself.
 */
struct cluster_sums {
    uint64_t count;          /* S: clusters with at least one attempt */
    uint64_t with_failure;   /* clusters with x_i > 0 */
    double m, x, mm, mx, xx; /* sums of m, x, m*m, m*x, x*x */
    uint64_t at_risk;        /* attempts up to and including each cluster's first failure */
    uint64_t first_failures; /* at most one per cluster */
};

/* Adds one cluster; first_failure is the 1-based number of its first failed attempt, 0 if none. */
void cluster_add(struct cluster_sums *sums, uint64_t attempts, uint64_t failed,
                 uint64_t first_failure);
void cluster_merge(struct cluster_sums *into, const struct cluster_sums *from);

/*
 * Share of attempts failed: Wilson on n/deff, with deff = max(1, v / (p(1-p)/(n-1))), v = sum (x_i
 * - m_i p)^2 / n^2 * S/(S-1), and, if deff > 1, Student's t on the lesser of S-1 and twice the
 * clusters with a failure instead of z; Clopper-Pearson at cluster level if at most one cluster or
 * every attempt failed (Korn and Graubard 1998). *method, if not NULL, points to a constant phrase
 * that names the method.
 */
struct estimate rate_clustered(const struct cluster_sums *sums, double confidence,
                               const char **method);

/* The share x of n of something else counted in the same sessions, such as interactions: Wilson
 * with the design effect and the quantile that rate_clustered uses for their attempts. */
struct estimate rate_in_sessions(double x, double n, const struct cluster_sums *sums,
                                 double confidence);

/* The design effect as above; 1 if it cannot be estimated. */
double cluster_design_effect(const struct cluster_sums *sums);

/* Its degrees of freedom: the lesser of S-1 and twice the clusters with a failure. */
double cluster_degrees(const struct cluster_sums *sums);

/*
 * Share of attempts slower than a limit (in the histogram's unit; a NULL histogram is empty), with
 * those in `failed` counted as slower, and the interval of their sessions (rate_in_sessions). If
 * the limit lies within a bucket, the interval covers both possible counts.
 */
struct estimate rate_over(const struct histogram *h, int64_t limit, uint64_t failed,
                          const struct cluster_sums *sums, double confidence);

/* Order-statistic interval of a quantile q (0..1) of a histogram (David and Nagaraja 2003, 7.1). */
struct quantile {
    bool valid;     /* there are samples */
    bool two_sided; /* enough samples for a finite two-sided interval (P99: 368 at 95%) */
    int64_t value;  /* in the histogram's unit, as are low and high */
    int64_t low;    /* including the bucket width; the minimum if there are too few samples below */
    int64_t high;   /* including the bucket width; the maximum if there are too few samples above */
};
struct quantile histogram_quantile(const struct histogram *h, double q, double confidence);

/* As histogram_quantile, with quantile_ranks() of the histogram's total already known: most of the
 * work is there. */
struct quantile histogram_quantile_at(const struct histogram *h, double q, uint64_t low,
                                      uint64_t high);

/* The 1-based ranks of n sorted samples between which quantile q lies with this confidence. *low is
 * 0, or *high n+1, if no sample can be that bound; true if both are samples. */
bool quantile_ranks(uint64_t n, double q, double confidence, uint64_t *low, uint64_t *high);

/* The least n for which quantile_ranks() is true (P99 at 95%: 368); 0 if there is none (q of 0 or
 * 1). */
uint64_t quantile_needed(double q, double confidence);

/* Quantiles of the standard normal, Student's t and beta distributions (p 0..1), and the
 * distribution function of the beta distribution at x. NaN for invalid parameters. */
double normal_quantile(double p);
double student_quantile(double p, double degrees);

/* The quantile of chi-squared over its degrees of freedom (Wilson and Hilferty 1931). */
double mean_square_quantile(double p, double degrees);
double beta_quantile(double p, double a, double b);
double beta_cdf(double x, double a, double b);

/*
 * The logarithm of the binomial probability of k in n trials (0 <= k <= n; both may be fractional),
 * with p in 0..1 and q = 1 - p passed along to keep its precision; -infinity if impossible. As
 * precise for 2^40 trials as for ten.
 */
double binomial_log_pmf(double k, double n, double p, double q);

/* The probability that a standard normal is further from 0 than z: 2 P(Z > |z|). Keeps its
 * precision down to 1e-300. */
double normal_two_sided_p(double z);

#endif
