/* Whether a profile's rehearsal at the speed of its clock can show what it scripts. */
#ifndef RUSHHOUR_RUN_REHEARSAL_H
#define RUSHHOUR_RUN_REHEARSAL_H

#include "profile/profile.h"
#include "record/clock_limits.h"

/*
 * ERR_PROFILE, with the place and the speed that would do, where the simulator's script runs into a
 * limit that lasts longer than the profile says (timing_longer): real time would show failures
 * there that the rehearsal cannot.
 */
MUST_USE enum err_code rehearsal_check(const struct profile *profile,
                                       const struct clock_limits *longer, struct error *err);

#endif
