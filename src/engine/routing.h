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
    double draw;     /* in [0, 1), of its virtual user: with `weighted`, the user's place */
    bool settled;    /* its virtual user has a session in `last` */
    bool avoids;     /* it should leave the region `avoid`, whose attempt failed */
    size_t avoid;
    uint64_t now_ns;
};

/* How many streams of demand a policy splits the load into. */
size_t routing_demands(enum routing policy, size_t region_count);

/* Whether the regions share one load, so that one of them may take what another does not. */
bool routing_is_shared(enum routing policy);

/*
 * The region that takes the attempt, of `count` (at least 1); states has one element for each.
 *
 * A region takes load while no hold shuts it (hold.h; an open breaker holds it, too). `failover`
 * takes the first of the list that does, `weighted` the user's own by weight, or one of the others
 * by weight while that one does not; a retry stays where its interaction is. `hedged` takes the
 * first, too, but leaves users in their sessions. If nobody takes load, it stays where it would be
 * if all did.
 */
size_t routing_region(enum routing policy, const struct region_state *states, size_t count,
                      const struct routing_attempt *attempt);

/* Where the second attempt of a hedged interaction goes while `attempt` is under way in its `last`
 * region: the first other one of the list that takes load; `count` if none does, or with another
 * policy. */
size_t routing_hedge(enum routing policy, const struct region_state *states, size_t count,
                     const struct routing_attempt *attempt);

/* The share of the whole load that a region gets while all regions take load: 1 with `each`. */
double routing_share(const struct profile *profile, size_t region);

#endif
