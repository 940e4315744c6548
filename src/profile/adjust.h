/* What a run may change in a profile that has been read: fewer regions, another load. */
#ifndef RUSHHOUR_PROFILE_ADJUST_H
#define RUSHHOUR_PROFILE_ADJUST_H

#include "base/error.h"
#include "profile/profile.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Keeps only the named regions, in the profile's order (count 0: all). Simulator rules and
 * thresholds that name only dropped regions are removed too. ERR_USAGE names a region that the
 * profile does not have, and those it has; the profile is then unchanged.
 */
MUST_USE enum err_code profile_keep_regions(struct profile *profile, const char *const *names,
                                            size_t count, struct error *err);

/*
 * Replaces the stages by a single one that holds `target` (in the unit of the load's model, which
 * must be set first) from the start, for the total duration of the old stages. ERR_NOMEM. Call
 * profile_check afterwards.
 */
MUST_USE enum err_code load_hold(struct load *load, double target, struct error *err);

/* Ends the load after duration_ns (> 0): cuts the stages there, or holds the last one's target
 * until then. ERR_NOMEM. */
MUST_USE enum err_code load_cut(struct load *load, int64_t duration_ns, struct error *err);

#endif
