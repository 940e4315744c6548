/* What the windows of a run say together: at which hour it fails, how much one window stands out,
 * and whether regions fail at the same times. */
#ifndef RUSHHOUR_FIGURES_PATTERNS_H
#define RUSHHOUR_FIGURES_PATTERNS_H

#include "figures/model.h"
#include "stats/comparison.h"

#define DAY_HOURS 24

/* One hour of the day, over all days of the run, in one region. */
struct hour_figures {
    double attempts, failed;
    struct estimate rate; /* of attempts failed, sessions taken into account */
};

/* The window of a region that stands out most against all of its others. */
struct concentration {
    bool known;                   /* there are at least two valid windows with attempts, and a
                                     failure */
    const struct slice *worst;    /* of `grouping` */
    struct estimate there, rest;  /* of attempts failed */
    struct difference difference; /* there - rest */
    double p; /* of no difference; for the most striking of `windows`, so times their number */
    size_t windows;
    double share_failed, share_attempts; /* of the run's, that lie in that window */
};

/* Whether two regions fail at the same times. */
struct togetherness {
    size_t a, b, steps;  /* steps: stretches of time in which both had attempts */
    bool known;          /* enough steps, and both rates vary */
    double r, low, high; /* correlation of the rates, step by step, with its interval */
};

struct patterns {
    const struct grouping *grouping; /* the windows of `concentration`: the first width shown; NULL
                                        without one */
    struct hour_figures *hours; /* [region * DAY_HOURS + hour], in results_zone(); NULL for up to a
                                   day */
    struct concentration *concentration; /* one per region */
    struct togetherness *together;       /* one per pair of regions */
    size_t together_count;
};

/*
 * Finds them in results whose cells are settled. Correlation: Pearson's on arcsine-transformed
 * rates (Freeman and Tukey 1950) of the steps of the report's series, interval by Fisher's z. The
 * caller's (patterns_free); NULL without memory.
 */
struct patterns *patterns_find(const struct results *results);
void patterns_free(struct patterns *patterns);

/*
 * How far the rate of a part stands above that of the rest, in standard errors: the score test on
 * the sizes that the design effects leave. *p is its two-sided p, Fisher's exact one where the part
 * expects few failures.
 */
double patterns_contrast(const struct cluster_sums *part, const struct cluster_sums *rest,
                         double *p);

#endif
