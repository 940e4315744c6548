#include "engine/routing.h"

#include <math.h>

typedef size_t choose_region(const struct region_state *states, size_t count,
                             const struct routing_attempt *attempt);

/* Every region gets the whole load, and none of it goes anywhere else. */
static size_t choose_own(const struct region_state *states, size_t count,
                         const struct routing_attempt *attempt)
{
    (void)states;
    return attempt->demand < count ? attempt->demand : 0;
}

static bool takes(const struct region_state *states, size_t region,
                  const struct routing_attempt *attempt)
{
    if (attempt->avoids && attempt->avoid == region) return false;
    return hold_ask(&states[region].hold, attempt->now_ns) != GATE_SHUT;
}

/* The first of the list that takes load. */
static size_t choose_first(const struct region_state *states, size_t count,
                           const struct routing_attempt *attempt)
{
    for (size_t i = 0; i < count; i++) {
        if (takes(states, i, attempt)) return i;
    }
    return attempt->number > 1 && attempt->last < count ? attempt->last : 0;
}

/* A conversation stays where it is: the region that answered keeps it. */
static size_t choose_hedged(const struct region_state *states, size_t count,
                            const struct routing_attempt *attempt)
{
    const bool stays = attempt->settled || attempt->number > 1;
    if (stays && attempt->last < count && takes(states, attempt->last, attempt))
        return attempt->last;
    return choose_first(states, count, attempt);
}

/* By weight, of all regions or of those that take load. count: there is none. */
static size_t draw_region(const struct region_state *states, size_t count,
                          const struct routing_attempt *attempt, double draw, bool taking)
{
    double sum = 0;
    size_t drawn = count;
    for (size_t i = 0; i < count; i++) {
        if (!taking || takes(states, i, attempt)) sum += states[i].weight;
    }
    double rest = draw * sum;
    for (size_t i = 0; i < count && sum > 0; i++) {
        if (!(states[i].weight > 0) || (taking && !takes(states, i, attempt))) continue;
        drawn = i; /* the last one also takes what rounding leaves over */
        if (rest < states[i].weight) break;
        rest -= states[i].weight;
    }
    return drawn;
}

/* Users of regions that take load keep theirs whatever befalls the others: a second draw, which
 * does not depend on the first, places only those whose region takes none. */
static size_t choose_weighted(const struct region_state *states, size_t count,
                              const struct routing_attempt *attempt)
{
    const bool retry = attempt->number > 1 && attempt->last < count;
    if (retry && takes(states, attempt->last, attempt)) return attempt->last;
    const size_t own = draw_region(states, count, attempt, attempt->draw, false);
    if (own < count && takes(states, own, attempt)) return own;
    const double again = fmod(attempt->draw * 7919, 1);
    const size_t other = draw_region(states, count, attempt, again, true);
    if (other < count) return other;
    if (retry) return attempt->last;
    return own < count ? own : 0;
}

/* One row per policy. */
static const struct {
    choose_region *choose;
    bool per_region; /* each region has its own demand; otherwise one demand is shared */
} policies[] = {
    [ROUTING_EACH] = {.choose = choose_own, .per_region = true},
    [ROUTING_WEIGHTED] = {.choose = choose_weighted},
    [ROUTING_FAILOVER] = {.choose = choose_first},
    [ROUTING_HEDGED] = {.choose = choose_hedged},
};

size_t routing_demands(enum routing policy, size_t region_count)
{
    return policies[policy].per_region ? region_count : 1;
}

bool routing_is_shared(enum routing policy)
{
    return !policies[policy].per_region;
}

size_t routing_region(enum routing policy, const struct region_state *states, size_t count,
                      const struct routing_attempt *attempt)
{
    return policies[policy].choose(states, count, attempt);
}

size_t routing_hedge(enum routing policy, const struct region_state *states, size_t count,
                     const struct routing_attempt *attempt)
{
    for (size_t i = 0; policy == ROUTING_HEDGED && i < count; i++) {
        if (i != attempt->last && takes(states, i, attempt)) return i;
    }
    return count;
}

double routing_share(const struct profile *profile, size_t region)
{
    double sum = 0;
    for (size_t i = 0; i < profile->region_count; i++) sum += profile->regions[i].weight;
    switch (profile->load.routing) {
    case ROUTING_EACH:
        return 1;
    case ROUTING_WEIGHTED:
        return sum > 0 ? profile->regions[region].weight / sum : 0;
    case ROUTING_FAILOVER:
    case ROUTING_HEDGED:
        break;
    }
    return region == 0 ? 1 : 0;
}
