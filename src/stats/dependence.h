/*
 * What a service does at such hours, from a run that saw some of them: rates, shares, quantiles and
 * differences whose intervals know that failures come together in time, and that say so when a run
 * cannot tell. What happened within the run is rate_clustered()'s question (stats/rate.h).
 */
#ifndef RUSHHOUR_STATS_DEPENDENCE_H
#define RUSHHOUR_STATS_DEPENDENCE_H

#include "stats/blocks.h"
#include "stats/comparison.h"
#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a run cannot answer for other hours than its own. */
enum dependence_why {
    DEPENDENCE_KNOWN,         /* it can */
    DEPENDENCE_NO_ATTEMPTS,   /* nothing was tried, on one side at least */
    DEPENDENCE_SHORT,         /* fewer than DEPENDENCE_LEAST_BLOCKS base blocks */
    DEPENDENCE_FEW_INCIDENTS, /* one or two incidents carry the failures: how often such come is
                                 anyone's guess */
    DEPENDENCE_DRIFT,         /* the rate moves as slowly as the run is long */
};

/* The least number of blocks from which a variance is estimated. */
#define DEPENDENCE_LEAST_BLOCKS 6

/* The reason in a clause: "one or two incidents carry the failures". Constant. */
const char *dependence_phrase(enum dependence_why why);

/* Which dependence ruled an interval. */
struct dependence {
    enum dependence_why why;
    double design_effect; /* variance over that of as many independent attempts, 1 or more */
    double degrees;       /* of freedom of its estimate; infinite when nothing was estimated */
    double block_seconds; /* the block length that ruled; 0: the sessions did */
    size_t blocks;        /* so many blocks of that length; 0 likewise */
    double seconds;       /* observed: the sum of the base blocks, of the shorter side */
    /* Incidents per hour that a service may have of which a run as long as this shows none in one
     * of 20 (3.0/hours): what the interval cannot know when the run saw no incident. */
    double unseen_per_hour;
};

/*
 * A rate at such hours. Unless `why` is DEPENDENCE_KNOWN the interval is 0..1 and decides nothing;
 * the value stays what was observed.
 */
struct service_rate {
    struct estimate estimate;
    struct dependence dependence;
    double effective_n; /* attempts / design effect */
};

/*
 * The share of failures among the attempts of the blocks (or of attempts over a limit: whatever
 * they count), for hours like those of the blocks. `chains` holds the same attempts by session or
 * interaction chain (NULL: each on its own); its design effect and those of blocks of time are
 * compared, and the largest rules, as Wilson on n/effect with Student's t; never narrower than
 * rate_clustered().
 */
struct service_rate service_rate(const struct time_block *blocks, size_t count,
                                 const struct cluster_sums *chains, double confidence);

/*
 * The upper end with room for incidents of a kind that the run did not show: unseen_per_hour of
 * them, each of so many seconds in which that share of attempts fails. A single hour without an
 * incident cannot rule out that others have one: say so beside the interval, and promise nothing
 * below this end.
 */
double service_high_with_room(const struct service_rate *rate, double incident_seconds,
                              double incident_share);

/* The incident to make room for when nobody states one: the reference's, 2 min at 60%. */
#define INCIDENT_SECONDS 120.0
#define INCIDENT_SHARE 0.6

/* A difference at such hours; without an answer `difference` is not valid but for its value, and
 * lies between -1 and 1. */
struct service_difference {
    struct difference difference;
    struct dependence dependence;
};

/* One side of a comparison. Borrowed. */
struct service_side {
    const struct time_block *blocks;
    size_t count;
    const struct cluster_sums *chains; /* NULL: each attempt on its own */
};

/*
 * b - a of two series at different times (two runs, peak and quiet hours). MOVER (Zou and Donner
 * 2008) on two intervals of which each takes the design effect of both together: a side that
 * happened to see no incident is no surer than the other. Stretches too short to show a drift of 20
 * minutes take an upper bound of their variance.
 */
struct service_difference service_difference(const struct service_side *a,
                                             const struct service_side *b, double confidence);

/*
 * b - a of two series of the same base blocks (regions driven together; equal counts, equal
 * starts): the differences of blocks, in which what struck both cancels out, with Student's t;
 * never narrower than Newcombe's interval for the sessions of either.
 */
struct service_difference service_difference_paired(const struct service_side *a,
                                                    const struct service_side *b,
                                                    double confidence);

/* What a difference of failure rates b - a says. */
enum difference_verdict {
    DIFFERENCE_UNDECIDED, /* or no answer: see `why` */
    DIFFERENCE_WORSE,     /* b fails more */
    DIFFERENCE_BETTER,
};
enum difference_verdict service_verdict(const struct service_difference *difference);

/*
 * Whether b is not worse than a by more than `margin`: true when the upper end lies below it. For a
 * one-sided error of 5% make the difference with a confidence of 0.90.
 */
bool service_within_margin(const struct service_difference *difference, double margin);

/*
 * The ranks between which quantile q of n values lies when their share below it has the dependence
 * of `above` (service_rate of the attempts above the quantile observed): the binomial ranks of the
 * effective size, each of which stands for n over it (Woodruff 1952; Korn and Graubard 1998). As
 * quantile_ranks(): *low 0 or *high n+1 where no value can be that bound, true when both are
 * values. Both are missing when `above` has no answer.
 */
bool service_quantile_ranks(uint64_t n, double q, const struct service_rate *above,
                            double confidence, uint64_t *low, uint64_t *high);

#endif
