/*
 * Incidents: stretches of a run in which one or several regions failed far more often than in the
 * rest of it, found by a scan with a stated false alarm rate. Blocks are the run's intervals, or
 * any other equal periods of time; all starts and lengths are in blocks.
 */
#ifndef RUSHHOUR_STATS_INCIDENT_H
#define RUSHHOUR_STATS_INCIDENT_H

#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INCIDENT_FALSE_ALARM 0.05 /* share of runs without an incident that show one, at most */
#define INCIDENT_LEAST_RATIO 2.0  /* of the rates inside and outside; less is not an incident */
#define INCIDENT_LEAST_ONSETS 3.0 /* failures that are independent of each other */

/* What one region did in one block. */
struct incident_block {
    double attempts, failed;
    double onsets; /* of them, failures that did not follow from an earlier one: see
                      incident_series */
};

/*
 * One region. Failures of one session, or of one chain of retries, come together even without an
 * incident. Either `onsets` says how many there would be if each such cluster counted once, in the
 * block of its first failure (first failures of sessions and chains, from attempts.csv), or
 * `cluster` is the mean size of the cluster that a failure belongs to: sum x*x / sum x over
 * sessions or chains (at least 1; cluster_xx and cluster_x of intervals.csv). Both may be given.
 */
struct incident_series {
    const struct incident_block *blocks; /* borrowed; the same number for all regions */
    double cluster;
    bool has_onsets;
    const bool *after_gap; /* per block: time is missing before it; NULL: none is. Borrowed, and the
                              same for all regions */
};

/* What an incident did to one region that it struck. */
struct incident_struck {
    size_t region;
    double attempts, failed;
};

struct incident {
    size_t start, length;
    struct incident_struck *struck; /* at least one, by region; more than one: struck together */
    size_t struck_count;
    double attempts, failed;  /* of the regions struck */
    double share_of_failures; /* of all failures that count, of all regions */
    size_t worst_start;       /* the minute with the most failures in it */
    double worst_attempts, worst_failed;
    double log_p; /* upper bound of the chance of seeing any such incident where there is none,
                     natural logarithm */
};

/* A region outside the incidents that struck it. */
struct incident_outside {
    double attempts, failed;
};

struct incidents {
    struct incident *list; /* by start */
    size_t count, capacity;
    struct incident_outside *outside; /* one per region */
    size_t region_count;
    double tested; /* number of windows, for which the false alarm rate is corrected */
};

/*
 * Finds incidents. For every region, and for all together, windows of 1, 2, 3, 4, 6, 8, ... blocks
 * up to half of the run, at steps of a quarter of their length, are compared with the failures
 * expected from their attempts (Kulldorff 1997). Given all T failures (in clusters), a window with
 * a share w of the expectation has x or more with a probability of at most exp(-T KL(x/T || w))
 * (Hoeffding 1963), and there are `tested` windows: the reported ones have less than
 * INCIDENT_FALSE_ALARM for all of them together. Start and end are then placed at maximum
 * likelihood, and the rest is scanned again. None reaches across a gap (after_gap): nobody saw what
 * happened in it, and each side must stand out by itself. Regions are struck together if their
 * stretches overlap by half.
 *
 * minute: blocks per minute, at least 1. n log n in count * regions. False when out of memory.
 */
bool incidents_find(const struct incident_series *series, size_t region_count, size_t count,
                    size_t minute, struct incidents *out);
void incidents_free(struct incidents *incidents);

/* Incidents per hour, with the exact interval of a Poisson count (Garwood 1936). */
struct estimate incidents_per_hour(size_t count, double hours, double confidence);

#endif
