/* The cost of a conversation at the profile's prices. Pure. */
#ifndef RUSHHOUR_RECORD_COST_H
#define RUSHHOUR_RECORD_COST_H

#include "profile/profile.h"
#include "realtime/event.h"

#include <stdint.h>

/*
 * USD for the tokens of one response, each counted once (realtime/usage.h); 0 if the price (NULL)
 * or the tokens are unknown. A price that is not given is that of the kind it belongs to: images
 * and audio cost as much as text, cached tokens as much as fresh ones.
 */
double cost_of(const struct price *price, const struct usage *usage);

/* USD for the time that a session was open, if the model is billed by the minute. */
double cost_of_time(const struct price *price, int64_t open_ns);

#endif
