/* What of the recorded ttft is our own, and whether that moves its P99. Pure. */
#ifndef RUSHHOUR_ENGINE_OWN_SHARE_H
#define RUSHHOUR_ENGINE_OWN_SHARE_H

#include "record/cell.h"
#include "record/health.h"

/*
 * Adds the answers of a cell, and as off those that are over the P99 of the same values without our
 * own part by more than HEALTH_ERROR_NS and HEALTH_ERROR_SHARE of it: the recorded P99 is off by as
 * much exactly when more than one in a hundred is. speed: of the run's clock.
 */
void own_share_count(const struct cell *cell, double speed, struct health *into);

#endif
