/* What a conversation costs by the profile's prices. Pure. */
#ifndef RUSHHOUR_ENGINE_COST_H
#define RUSHHOUR_ENGINE_COST_H

#include "profile/profile.h"
#include "realtime/event.h"

#include <stdint.h>

/*
 * USD for the tokens of one response, each of them once (realtime/usage.h); 0 when the price (NULL)
 * or the tokens are not known. A price that is left out is that of the kind it belongs to: images
 * and audio cost as text, cached tokens as fresh ones.
 */
double cost_of(const struct price *price, const struct usage *usage);

/* USD for the time that a session was open, where a model is charged by the minute. */
double cost_of_time(const struct price *price, int64_t open_ns);

#endif
