/* How long a run must be, and in how many parts, when failures come together in time. */
#ifndef RUSHHOUR_STATS_DURATION_H
#define RUSHHOUR_STATS_DURATION_H

#include "stats/dependence.h"

#include <stdbool.h>

/* How failures come together: from an earlier run, or stated. */
struct burstiness {
    double attempts_per_hour;  /* that will be made, of one region */
    double design_effect;      /* over independent attempts, in long runs */
    double memory_seconds;     /* the block length that shows all of it; 0: sessions or nothing */
    double incidents_per_hour; /* 0: not known */
};

/* What one rate of an earlier run says about runs at so many attempts an hour: its design effect is
 * scaled with the attempts that an incident strikes. */
struct burstiness burstiness_of_run(const struct service_rate *rate, double attempts,
                                    double attempts_per_hour);

/*
 * Incidents that come by chance, so many an hour, each of so many seconds in which `share` of
 * attempts fails, over `quiet` failing otherwise: the variance of a compound Poisson count over
 * that of independent failures. NaN in design_effect for what is no rate, share or time.
 */
struct burstiness burstiness_stated(double quiet, double incidents_per_hour, double seconds,
                                    double share, double attempts_per_hour);

/* The mean failure rate of such a service. */
double burstiness_rate(double quiet, double incidents_per_hour, double seconds, double share);

/* A plan. */
struct duration {
    bool known;        /* false: no length would do (equal rates, or what is no rate) */
    double attempts;   /* on each side, over all hours */
    double hours;      /* on each side */
    double days;       /* into which they are best spread at hours_per_day, */
    double hours_each; /* so many on each */
    bool by_incidents; /* the floor rules: fewer hours would hold too few incidents or blocks */
};

/*
 * Hours on each side that tell rate p1 from p2 with this two-sided confidence and power, when sides
 * are at different times (service_difference): sample_size_to_tell times the design effect, by
 * Student's t on twice the incidents that these hours hold; and no fewer than DURATION_INCIDENTS
 * incidents and DEPENDENCE_LEAST_BLOCKS blocks of memory_seconds. Spread over as many days as
 * hours_per_day asks for (24 at most), but over 7 at least where hours come in daily peaks, so that
 * each day is a block of its own.
 */
struct duration duration_to_tell(double p1, double p2, double confidence, double power,
                                 const struct burstiness *burstiness, double hours_per_day);

/* Below so many incidents a side, how often they come is anyone's guess. */
#define DURATION_INCIDENTS 6.0

/*
 * By which factor a series must grow until the interval of an unchanged share of x in n leaves
 * `limit` out, or a difference's leaves 0 out. Infinity: never (no difference was seen, or the
 * share is the limit). Where the run could not tell (`why`), the growth that lets it: to 6
 * incidents, to 6 base blocks, to three times a drift's length. 1 when it is decided already.
 */
double growth_to_clear(const struct service_rate *rate, double attempts, double limit,
                       double confidence);
double growth_to_tell(const struct service_difference *difference);

#endif
