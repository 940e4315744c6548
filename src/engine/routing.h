/*
 * Which region takes an attempt. Pure: (policy, region states, attempt) -> region, so that a policy
 * is a row of a table that is tested without a socket.
 */
#ifndef RUSHHOUR_ENGINE_ROUTING_H
#define RUSHHOUR_ENGINE_ROUTING_H

#include "engine/region_state.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of an attempt before it is sent. */
struct routing_attempt {
    size_t demand;   /* whose virtual user it is: with `each`, the region of that number */
    uint64_t number; /* in its interaction, from 1 */
    size_t last;     /* the region of the attempt before; meaningless for the first */
};

/* Whether this version can drive the policy. */
bool routing_is_driven(enum routing policy);

/* How many streams of demand a policy splits the load into. */
size_t routing_demands(enum routing policy, size_t region_count);

/* The region that takes the attempt, of `count` (at least 1); states has one element for each. The
 * policy is one that is driven. */
size_t routing_region(enum routing policy, const struct region_state *states, size_t count,
                      const struct routing_attempt *attempt);

#endif
