/* Which region takes an attempt. Pure: (policy, region states, attempt) -> region, so that a policy
 * is a row of a table, testable without a socket. */
#ifndef RUSHHOUR_ENGINE_ROUTING_H
#define RUSHHOUR_ENGINE_ROUTING_H

#include "engine/region_state.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known about an attempt before it is sent. */
struct routing_attempt {
    size_t demand;   /* the demand of its virtual user: with `each`, the region with that number */
    uint64_t number; /* within its interaction, from 1 */
    size_t last;     /* the region of the previous attempt; meaningless for the first */
};

/* Whether this version supports the policy. */
bool routing_is_driven(enum routing policy);

/* How many streams of demand a policy splits the load into. */
size_t routing_demands(enum routing policy, size_t region_count);

/* The region that takes the attempt, of `count` (at least 1); states has one element for each. The
 * policy must be a supported one. */
size_t routing_region(enum routing policy, const struct region_state *states, size_t count,
                      const struct routing_attempt *attempt);

#endif
