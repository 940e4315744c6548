/* Scans one series for stretches with too many failures; incident.h says what it guarantees. */
#ifndef RUSHHOUR_STATS_INCIDENT_SCAN_H
#define RUSHHOUR_STATS_INCIDENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* A stretch of blocks, and the logarithm of the corrected upper bound of its probability. */
struct stretch {
    size_t start, length;
    double log_p;
};

struct stretches {
    struct stretch *list;
    size_t count, capacity;
};

/* Appends; false when out of memory. */
bool stretches_add(struct stretches *stretches, struct stretch stretch);
void stretches_free(struct stretches *stretches);

/* One series to scan. All arrays are borrowed and have `count` values. */
struct scan {
    const double *seen;     /* failures, or onsets of failures, in each block */
    const double *expected; /* proportional to what is expected of each block */
    const double *extent;   /* failures, which determine start and end */
    const size_t *piece;    /* which unbroken piece of the run each block lies in, ascending */
    size_t count;
    double cluster; /* of `seen`: number of failures that come together */
    double tests;   /* windows of all series, for the correction: scan_windows() */
};

/* How many windows a series of so many blocks is compared with. */
double scan_windows(size_t count);

/* Appends the stretches that stand out, disjoint, each within one piece of the run, in no
 * particular order. False when out of memory. */
bool scan_series(const struct scan *scan, struct stretches *found);

#endif
