/*
 * Incidents: stretches of a run in which one or several regions failed far oftener than in the rest
 * of it, found by a scan whose false alarms are stated. Blocks are the run's intervals, or whatever
 * equal slices of time the caller has; all starts and lengths are in blocks.
 */
#ifndef RUSHHOUR_STATS_INCIDENT_H
#define RUSHHOUR_STATS_INCIDENT_H

#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INCIDENT_FALSE_ALARM 0.05 /* runs without an incident that show one, at most */
#define INCIDENT_LEAST_RATIO 2.0  /* of the rates inside and outside; less is no incident */
#define INCIDENT_LEAST_ONSETS 3.0 /* failures that have nothing to do with each other */

/* What one region did in one block. */
struct incident_block {
    double attempts, failed;
    double onsets; /* of them, failures that are not the sequel of one: see incident_series */
};

/*
 * One region. Failures of one session, or of one chain of retries, come together without an
 * incident. Either `onsets` says how many there would be if each such cluster counted once, in the
 * block of its first failure (first failures of sessions and chains, from attempts.csv), or
 * `cluster` is how many failures the cluster of a failure has on average: sum x*x / sum x over
 * sessions or chains (1 or more; cluster_xx and cluster_x of intervals.csv). Both may be given.
 */
struct incident_series {
    const struct incident_block *blocks; /* borrowed; all regions have the same number of them */
    double cluster;
    bool has_onsets;
};

/* What an incident did to one region that it struck. */
struct incident_struck {
    size_t region;
    double attempts, failed;
};

struct incident {
    size_t start, length;
    struct incident_struck *struck; /* at least one; by region. More than one: struck together */
    size_t struck_count;
    double attempts, failed;  /* of the regions struck */
    double share_of_failures; /* of all failures of the run, of all regions */
    size_t worst_start;       /* the minute with most failures within it */
    double worst_attempts, worst_failed;
    double log_p; /* upper bound of the chance that any such is seen without an incident, log e */
};

/* A region outside of the incidents that struck it. */
struct incident_outside {
    double attempts, failed;
};

struct incidents {
    struct incident *list; /* by start */
    size_t count, capacity;
    struct incident_outside *outside; /* one per region */
    size_t region_count;
    double tested; /* windows, over which the false alarm is corrected */
};

/*
 * Finds them. For every region, and for all together, windows of 1, 2, 3, 4, 6, 8, ... blocks up to
 * half of the run, at steps of a quarter of their length, are held against what their attempts let
 * expect (Kulldorff 1997). Given all T failures (in clusters), those of a window with a share w of
 * the expectation have the chance of at most exp(-T KL(x/T || w)) to be x or more (Hoeffding 1963),
 * and there are `tested` windows: what is reported has less than INCIDENT_FALSE_ALARM for all of
 * them together. Then start and end are drawn where the likelihood has them, and what remains is
 * scanned again. Regions are struck together when their stretches overlap by half.
 *
 * minute: blocks in a minute, 1 or more. n log n in count * regions. False without memory.
 */
bool incidents_find(const struct incident_series *series, size_t region_count, size_t count,
                    size_t minute, struct incidents *out);
void incidents_free(struct incidents *incidents);

/* Incidents per hour, with the exact interval of a Poisson count (Garwood 1936). */
struct estimate incidents_per_hour(size_t count, double hours, double confidence);

#endif
