/* The parts of report.html that are graphics rather than tables; each appends its sections. */
#ifndef RUSHHOUR_PAGE_PARTS_H
#define RUSHHOUR_PAGE_PARTS_H

#include "figures/patterns.h"

/* The matrix of failure rates: a row per region, a column per window (per hour of the day if the
 * run is longer than a day). */
void page_matrix(const struct results *results, struct text *out);

/* What retries hid from users, and what they cost. */
void page_retries(const struct results *results, struct text *out);

/* A canvas for the script to draw on, with a table of its figures below. `kind` is one of the
 * script's. */
void page_chart(struct text *out, const char *kind, size_t region, const char *name,
                const char *caption);

#endif
