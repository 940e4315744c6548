/* The buckets of exported latency histograms. */
#ifndef RUSHHOUR_WATCH_BUCKETS_H
#define RUSHHOUR_WATCH_BUCKETS_H

#include "base/metric.h"

#define BUCKETS_MOST 14

/* The BUCKETS_MOST upper bounds of a metric, in ascending seconds; each is a whole number of
 * microseconds. */
const double *buckets_of(enum metric metric);

#endif
