/* An hour profile: a list of 24 rates, or an object with the list and the zone whose clock it
 * follows. */
#ifndef RUSHHOUR_PROFILE_HOURS_H
#define RUSHHOUR_PROFILE_HOURS_H

#include "profile/place.h"

/* Reads one into *out (the caller's: zone_free of its zone, free). ERR_PROFILE with the place of
 * what is wrong; *out is then as before. */
MUST_USE enum err_code hours_read(const struct json_node *node, const struct place *place,
                                  struct hours **out);

#endif
