/* The values that are shown of one region at a moment of a run. */
#ifndef RUSHHOUR_WATCH_REGION_VALUES_H
#define RUSHHOUR_WATCH_REGION_VALUES_H

#include "record/run_snapshot.h"

typedef double region_value(const struct run_snapshot *run, const struct region_snapshot *region);

region_value region_requested, region_sessions_open, region_in_flight;

/* Whether it is held back, and for how long out of how much time, by the run's own clock and
 * over all workers. */
region_value region_held, region_held_seconds, region_driven_seconds;

/* The integrals of what is open and in flight over the run's own clock, so that their rates are the
 * means, and the most so far; all of what every worker has told. */
region_value region_open_seconds, region_flight_seconds, region_open_peak, region_flight_peak;

/* NAN when no price is known. */
region_value region_cost, region_failed_cost;

#endif
