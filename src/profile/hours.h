/* An hour profile: a list of 24 rates, or an object with the list and the time zone it follows. */
#ifndef RUSHHOUR_PROFILE_HOURS_H
#define RUSHHOUR_PROFILE_HOURS_H

#include "profile/place.h"

/* Reads one into *out (the caller frees its zone with zone_free, and itself with free). ERR_PROFILE
 * names the place of the mistake; *out is then unchanged. */
MUST_USE enum err_code hours_read(const struct json_node *node, const struct place *place,
                                  struct hours **out);

#endif
