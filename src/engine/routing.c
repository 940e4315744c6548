#include "engine/routing.h"

typedef size_t choose_region(const struct region_state *states, size_t count,
                             const struct routing_attempt *attempt);

/* Every region gets the whole load, and none of it goes anywhere else. */
static size_t choose_own(const struct region_state *states, size_t count,
                         const struct routing_attempt *attempt)
{
    (void)states;
    return attempt->demand < count ? attempt->demand : 0;
}

/* One row per policy; a policy without a function is not supported yet. */
static const struct {
    choose_region *choose;
    bool per_region; /* each region has its own demand; otherwise one demand is shared */
} policies[] = {
    [ROUTING_EACH] = {.choose = choose_own, .per_region = true},
    [ROUTING_WEIGHTED] = {0},
    [ROUTING_FAILOVER] = {0},
};

bool routing_is_driven(enum routing policy)
{
    return policies[policy].choose != NULL;
}

size_t routing_demands(enum routing policy, size_t region_count)
{
    return policies[policy].per_region ? region_count : 1;
}

size_t routing_region(enum routing policy, const struct region_state *states, size_t count,
                      const struct routing_attempt *attempt)
{
    return policies[policy].choose(states, count, attempt);
}
