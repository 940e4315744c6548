/* What a response costs by the profile's prices. Pure. */
#ifndef RUSHHOUR_ENGINE_COST_H
#define RUSHHOUR_ENGINE_COST_H

#include "profile/profile.h"
#include "realtime/event.h"

/* USD for the tokens of one response; 0 when the price (NULL) or the tokens are not known. */
double cost_of(const struct price *price, const struct usage *usage);

#endif
