/*
 * Inference about a service at such hours, from a run that saw some of them: rates, shares,
 * quantiles and differences whose intervals account for failures that come together in time, and
 * that say so when a run cannot tell. For what happened within the run itself, see rate_clustered()
 * (stats/rate.h).
 */
#ifndef RUSHHOUR_STATS_DEPENDENCE_H
#define RUSHHOUR_STATS_DEPENDENCE_H

#include "stats/blocks.h"
#include "stats/comparison.h"
#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a run says nothing about hours other than its own. */
enum dependence_why {
    DEPENDENCE_KNOWN,         /* it can */
    DEPENDENCE_NO_ATTEMPTS,   /* no attempts, on at least one side */
    DEPENDENCE_BRIEF,         /* less than DEPENDENCE_LEAST_SECONDS, or a difference of less than
                                 DEPENDENCE_LEAST_SIDE_SECONDS on a side */
    DEPENDENCE_SHORT,         /* fewer than DEPENDENCE_LEAST_BLOCKS base blocks */
    DEPENDENCE_FEW_INCIDENTS, /* one or two incidents carry the failures: how often they occur is
                                 unknown */
    DEPENDENCE_DRIFT,         /* the rate drifts as slowly as the run is long */
    DEPENDENCE_STOPPED,       /* the run was ended because of its failures: they are more than the
                                 service's in such hours (never found here, the caller knows) */
};

/* The minimum number of blocks for estimating a variance. */
#define DEPENDENCE_LEAST_BLOCKS 6

/*
 * The minimum time that says anything of other hours, and on each side of a difference (the sum of
 * all stretches, such as each day's peak). A run of a minute may lie within one incident of two, or
 * between two of them; one of 20 minutes within one swing of a slow drift. Shorter ones were
 * simulated to fail at twice the true rate in 3 to 5%, and to differ from their like in up to 20%
 * (docs/statistics.md).
 */
#define DEPENDENCE_LEAST_SECONDS 1200.0
#define DEPENDENCE_LEAST_SIDE_SECONDS 1800.0

/* The reason as a clause: "one or two incidents carry the failures". A constant string. */
const char *dependence_phrase(enum dependence_why why);

/* Which dependence determined an interval. */
struct dependence {
    enum dependence_why why;
    double design_effect; /* variance relative to that of as many independent attempts; at least
                             1 */
    double degrees;       /* of freedom of its estimate; infinite if nothing was estimated */
    double block_seconds; /* the block length that determined it; 0: sessions did */
    size_t blocks;        /* number of blocks of that length; 0 if sessions determined it */
    double seconds;       /* observed: total length of the base blocks, of the shorter side */
    double least_seconds; /* of DEPENDENCE_BRIEF: what it takes at least */
    /* Incidents per hour that a service may have although one in 20 runs of this length shows none
     * (3.0/hours): what the interval cannot know if the run saw no incident. */
    double unseen_per_hour;
};

/* A rate at such hours. Unless `why` is DEPENDENCE_KNOWN, the interval is 0..1 and decides nothing;
 * the value is still the observed one. */
struct service_rate {
    struct estimate estimate;
    struct dependence dependence;
    double effective_n; /* attempts / design effect */
};

/* What the sessions of a count say, where the blocks do not count the attempts of chains. */
struct service_window {
    struct estimate estimate; /* what happened in the window: never undercut */
    double design_effect,
        degrees; /* of sessions and chains; 1 and infinite: nothing was estimated */
};

/* What is known of one count: a rate, or one side of a comparison. Borrowed. */
struct service_side {
    const struct time_block *blocks;
    size_t count;
    const struct cluster_sums *chains;   /* NULL: each attempt on its own */
    const struct service_window *window; /* instead of chains, where the blocks count something else
                                            in their sessions (interactions, slow attempts) */
};

/*
 * The share of failures among the attempts of the blocks (or of attempts over a limit, or whatever
 * they count), for hours like those of the blocks. `chains` holds the same attempts by session or
 * interaction chain (NULL: each on its own). The largest of its design effect and those of blocks
 * of time is used, as Wilson on n/effect with Student's t; never narrower than rate_clustered().
 */
struct service_rate service_rate(const struct time_block *blocks, size_t count,
                                 const struct cluster_sums *chains, double confidence);
struct service_rate service_rate_of(const struct service_side *side, double confidence);

/*
 * The upper end with allowance for incidents of a kind that the run did not show: unseen_per_hour
 * of them, each lasting incident_seconds, in which incident_share of the attempts fail. A single
 * hour without an incident cannot rule out incidents in others: print this beside the interval, and
 * guarantee nothing below this end.
 */
double service_high_with_room(const struct service_rate *rate, double incident_seconds,
                              double incident_share);

/* The incident to allow for if nobody specifies one: the reference incident, 2 min at 60%. */
#define INCIDENT_SECONDS 120.0
#define INCIDENT_SHARE 0.6

/* A difference at such hours. If it is undecidable, `difference` is invalid except for its value,
 * and lies between -1 and 1. */
struct service_difference {
    struct difference difference;
    struct dependence dependence;
};

/*
 * b - a of two series at different times (two runs, peak and quiet hours). MOVER (Zou and Donner
 * 2008) on two intervals, each with the design effect of both sides together: a side that happened
 * to see no incident is no more certain than the other. Stretches too short to show a drift of 20
 * minutes use an upper bound of their variance.
 */
struct service_difference service_difference(const struct service_side *a,
                                             const struct service_side *b, double confidence);

/*
 * b - a of two series with the same base blocks (regions driven together; equal counts, equal
 * starts): uses the differences of blocks, in which whatever struck both cancels out, with
 * Student's t; never narrower than Newcombe's interval for the sessions of both. Stretches too
 * short to show a drift of one region alone use an upper bound of their variance, too.
 */
struct service_difference service_difference_paired(const struct service_side *a,
                                                    const struct service_side *b,
                                                    double confidence);

/* What a difference of failure rates b - a means. */
enum difference_verdict {
    DIFFERENCE_UNDECIDED, /* or no answer at all: see `why` */
    DIFFERENCE_WORSE,     /* b fails more */
    DIFFERENCE_BETTER,
};
enum difference_verdict service_verdict(const struct service_difference *difference);

/*
 * Two-sided p of no difference: where the interval of this confidence would end at 0, its reach
 * taken as Student's on the degrees that ruled. 1 without an answer.
 */
double service_difference_p(const struct service_difference *difference, double confidence);

/*
 * Whether b is not worse than a by more than `margin`: true when the upper end lies below it. For a
 * one-sided error of 5% make the difference with a confidence of 0.90.
 */
bool service_within_margin(const struct service_difference *difference, double margin);

/*
 * The ranks that bound quantile q of n values if the share below it has the dependence of `above`
 * (service_rate of the attempts above the observed quantile): the binomial ranks of the effective
 * sample size, scaled up to n (Woodruff 1952; Korn and Graubard 1998). As in quantile_ranks(), *low
 * is 0 or *high n+1 where no value can be that bound, and the result is true if both are values.
 * Neither exists if `above` has no answer.
 */
bool service_quantile_ranks(uint64_t n, double q, const struct service_rate *above,
                            double confidence, uint64_t *low, uint64_t *high);

#endif
