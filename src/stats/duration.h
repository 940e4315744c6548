/* How long a run must be, and how it should be split, when failures come together in time. */
#ifndef RUSHHOUR_STATS_DURATION_H
#define RUSHHOUR_STATS_DURATION_H

#include "stats/dependence.h"

#include <stdbool.h>

/* How failures come together: from an earlier run, or as stated. */
struct burstiness {
    double attempts_per_hour; /* of one region */
    double chains;            /* design effect of sessions and chains of retries alone */
    double design_effect;     /* over independent attempts, in long runs */
    double memory_seconds;    /* the block length that shows all of it; 0: sessions or nothing */
    /* Independent stretches an hour by which the effect is known: the incidents, as stated; of a
     * run half of its degrees of freedom, which are two for each incident if all are alike, and
     * fewer where one outweighs the others. 0: not known. */
    double stretches_per_hour;
};

/*
 * What an earlier run says: its blocks of time, and the design effect of its sessions and chains
 * (cluster_design_effect; 1: each attempt on its own). From the shortest blocks on, longer ones are
 * taken where their variance is more than chance (the 95% quantile for so many of them) over what
 * is known already; the effect is the mean of those that are as long or longer, by their number.
 * An interval takes the greatest effect instead (service_rate), which is safe, and would make a
 * plan of too many hours. A run without failures says nothing: 1.
 */
struct burstiness burstiness_of_run(const struct time_block *blocks, size_t count, double chains);

/* The same for a given number of attempts per hour: what time adds to the effect of sessions
 * grows with the number of attempts that an incident strikes. */
struct burstiness burstiness_at(const struct burstiness *burstiness, double attempts_per_hour);

/*
 * Random incidents at this rate per hour, each lasting `seconds` in which `share` of the attempts
 * fails, while `quiet` of them fails otherwise: the variance of a compound Poisson count relative
 * to that of independent failures. design_effect is NaN for an invalid rate, share or time.
 */
struct burstiness burstiness_stated(double quiet, double incidents_per_hour, double seconds,
                                    double share, double attempts_per_hour);

/* The mean failure rate of such a service. */
double burstiness_rate(double quiet, double incidents_per_hour, double seconds, double share);

/* A plan. */
struct duration {
    bool known;        /* false: no length is enough (equal rates, or an invalid rate) */
    double attempts;   /* on each side, over all hours */
    double hours;      /* on each side */
    double days;       /* to spread them over, at hours_per_day */
    double hours_each; /* hours on each day */
    bool by_incidents; /* the minimum number of incidents or blocks decides */
};

/*
 * Hours on each side needed to distinguish rate p1 from p2 with this two-sided confidence and
 * power, when the sides are at different times (service_difference): sample_size_to_tell times the
 * design effect, by Student's t on twice the incidents in these hours; at least DURATION_INCIDENTS
 * incidents and DEPENDENCE_LEAST_BLOCKS blocks of memory_seconds. Spread over as many days as
 * hours_per_day requires (at most 24 hours each), but over at least 7 if the hours are daily peaks,
 * so that each day is a block of its own.
 */
struct duration duration_to_tell(double p1, double p2, double confidence, double power,
                                 const struct burstiness *burstiness, double hours_per_day);

/* With fewer incidents per side, how often they occur is unknown. */
#define DURATION_INCIDENTS 6.0

/*
 * The factor by which a series must grow until the interval of an unchanged share of x in n
 * excludes `limit`, or that of a difference excludes 0. Infinity: never (no difference was
 * observed, or the share equals the limit). If the run could not tell (`why`), the growth that
 * would let it: to 6 incidents, to 6 base blocks, to three times the length of a drift. 1 if it is
 * already decided.
 */
double growth_to_clear(const struct service_rate *rate, double attempts, double limit,
                       double confidence);
double growth_to_tell(const struct service_difference *difference);

#endif
