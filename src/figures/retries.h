/* What retries did for users, and what they cost them. */
#ifndef RUSHHOUR_FIGURES_RETRIES_H
#define RUSHHOUR_FIGURES_RETRIES_H

#include "figures/model.h"

struct retry_figures {
    double interactions;             /* that ended, after their retries */
    double attempts_per_interaction; /* attempts that ended ok or failed, or were cancelled since
                                     another region had answered; NaN without interactions */
    double struck;                   /* interactions that met a failure, answered or not */
    /* Extra time that users waited: the duration of all interactions minus that of successful
     * attempts. NaN if unknown. */
    double added_seconds;
};

/* Of a cell whose histograms are all there, such as a region's over the whole run. */
struct retry_figures retry_figures_of(const struct report_cell *cell);

#endif
