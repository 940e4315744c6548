/* What is told of one region at a moment of a run: a value each. */
#ifndef RUSHHOUR_WATCH_REGION_VALUES_H
#define RUSHHOUR_WATCH_REGION_VALUES_H

#include "record/run_snapshot.h"

typedef double region_value(const struct run_snapshot *run, const struct region_snapshot *region);

region_value region_requested, region_sessions_open, region_in_flight;

/* Whether it is held back, and for how much of which time: by the run's own clock, all workers
 * together. */
region_value region_held, region_held_seconds, region_driven_seconds;

/* NAN without a price. */
region_value region_cost, region_failed_cost;

#endif
