/*
 * What a part of a run says of the service at such hours: question (b) of docs/statistics.md, for
 * every rate, share and quantile, and for differences of them. What happened in the part itself is
 * figures/cells.h.
 */
#ifndef RUSHHOUR_FIGURES_CLAIM_H
#define RUSHHOUR_FIGURES_CLAIM_H

#include "base/text.h"
#include "figures/cells.h"
#include "figures/model.h"
#include "stats/dependence.h"

/* A cell, and which intervals it was added up from. Borrowed. */
struct claim_of {
    const struct results *results;
    const struct report_cell *cell;
    struct series_cut cut;
    size_t region; /* SERIES_ALL_REGIONS of results->all */
};

/* The whole run in one region, or in all of them. */
struct claim_of claim_of_region(const struct results *results, size_t region);
struct claim_of claim_of_all(const struct results *results);

/* A region inside of the time of day by which results_load_split has divided the run, or in the
 * rest. */
struct claim_of claim_of_part(const struct results *results, bool rest, size_t region);

/* A slice of a grouping in one region. */
struct claim_of claim_of_slice(const struct results *results, const struct grouping *grouping,
                               const struct slice *slice, size_t region);

/*
 * The rate or share that a threshold names; for a quantile, the share of values above its limit, of
 * which 1 - quantile is allowed. Stretches of too few intervals are divided further where
 * attempts.csv allows it. Shares and quantiles need the cell's histograms.
 */
struct service_rate claim_rate(const struct claim_of *of, const struct threshold *what,
                               double confidence);

/* A failure rate of a cell at 95%. */
struct service_rate claim_failure_rate(const struct claim_of *of, enum rate_kind kind);

/* The quantile q of a metric with its interval; valid is false where the run cannot tell, or leaves
 * too small a sample. *above: the rate of the values that reach it. */
struct quantile claim_quantile(const struct claim_of *of, enum metric metric, double q,
                               double confidence, struct service_rate *above);

/*
 * b - a of two parts at different times, or (`paired`) of two regions in the same minutes. A
 * quantile's is that of the shares of values above the limit, as in claim_rate().
 */
struct service_difference claim_difference(const struct claim_of *a, const struct claim_of *b,
                                           const struct threshold *what, bool paired,
                                           double confidence);

/* Appends why there is no answer, in a clause: "one incident of 2m 10s carries 83% of the
 * failures". */
void claim_why(const struct claim_of *of, const struct dependence *dependence, struct text *out);

/* The upper end with room for an incident that the run was too short to show. */
double claim_room(const struct service_rate *rate);

#endif
