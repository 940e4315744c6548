/* What the windows of a run show together: at which hour it fails, how much one window stands out,
 * and whether regions fail at the same times. */
#ifndef RUSHHOUR_FIGURES_PATTERNS_H
#define RUSHHOUR_FIGURES_PATTERNS_H

#include "figures/model.h"
#include "stats/comparison.h"
#include "stats/together.h"

#define DAY_HOURS 24

/* One hour of the day, over all days of the run, in one region. */
struct hour_figures {
    double attempts, failed;
    struct estimate rate; /* of attempts failed, accounting for sessions */
};

/*
 * The window of a region that stands out most against its others (stats/standout.h), either by its
 * failures outside of incidents or by the incidents that began in it. Its load is taken as given;
 * failures by a quota, our configuration or our own side are left out (timeline.h).
 */
struct concentration {
    bool known;                   /* there are enough windows, and failures */
    bool stands_out;              /* p is below STANDS_OUT */
    const struct slice *worst;    /* of `grouping` */
    bool by_incidents;            /* it stands out most by its incidents */
    struct estimate there, rest;  /* of attempts failed; outside of incidents unless by_incidents */
    struct difference difference; /* there - rest */
    double p; /* that any window of any region would stand out so far by chance */
    size_t windows;
    double failed, expected;             /* in that window, outside of incidents; expected: given
                                            its load */
    size_t incidents, all_incidents;     /* that began there, and in any window */
    double share_failed, share_attempts; /* of what `there` and `rest` hold, that lie there */
};
#define STANDS_OUT 0.05

struct patterns {
    const struct grouping *grouping; /* the windows of `concentration`: the first width shown in
                                        which something can be said; NULL without a width */
    struct hour_figures *hours;      /* [region * DAY_HOURS + hour], in results_zone(); NULL if the
                                   run is at most a day long */
    struct concentration *concentration; /* one per region */
    struct together *together;           /* one per pair of regions (stats/together.h) */
    size_t together_count;
};

/*
 * Finds them in results whose cells are settled and whose incidents are found. The caller's
 * (patterns_free); NULL without memory.
 */
struct patterns *patterns_find(const struct results *results);
void patterns_free(struct patterns *patterns);

/*
 * How far the rate of a part is above that of the rest within this run, in standard errors: the
 * score test on effective sizes. *p is its two-sided p-value, or that of Fisher's exact test if few
 * failures are expected in the part. It knows sessions and no incidents: of other hours it says
 * nothing (claim.h does).
 */
double patterns_contrast(const struct cluster_sums *part, const struct cluster_sums *rest,
                         double *p);

#endif
