/* What an earlier run says of how failures come together, for plans: one rate per region, with the
 * dependence in time that its intervals show. Those in which the load generator was not healthy are
 * left out, as for incidents (timeline.h). */
#ifndef RUSHHOUR_FIGURES_EARLIER_H
#define RUSHHOUR_FIGURES_EARLIER_H

#include "base/error.h"
#include "stats/duration.h"

#include <stdbool.h>
#include <stddef.h>

struct earlier_region {
    char *name;
    double attempts, failures; /* that count */
    double unhealthy_hours;    /* left out */
    bool searched;             /* for incidents, as its report does */
    size_t incidents;
    struct estimate incidents_per_hour;
    struct burstiness burstiness;
    struct dependence dependence; /* of its failure rate: whether it can tell at all */
};

struct earlier_run {
    struct earlier_region *regions;
    size_t count;
};

/* Reads a run folder. What it fills is the caller's (earlier_run_free), whatever it returns; errors
 * as results_load has them, and ERR_FORMAT of a folder without an attempt that counts. */
MUST_USE enum err_code earlier_run_read(const char *folder, struct earlier_run *out,
                                        struct error *err);
void earlier_run_free(struct earlier_run *run);

/* The region of that name, or else the one whose failures come together most; NULL without any. */
const struct earlier_region *earlier_run_region(const struct earlier_run *run, const char *name);

#endif
