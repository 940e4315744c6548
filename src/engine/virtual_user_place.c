/* Where the next try of a virtual user goes: into which region, and whether its session is still
 * good for it. */
#include "engine/driver.h"
#include "engine/routing.h"
#include "engine/virtual_user_private.h"

/* The part of a session's announced life that is left unused at most. */
#define EXPIRY_SHARE 10

static const struct engine_plan *plan_of(const struct virtual_user *user)
{
    return user->worker->plan;
}

/* The draw depends on the plan alone: neither on the worker nor on what befell others, and it takes
 * nothing from the stream of the jitter. */
static double draw_of(const struct worker *worker, size_t demand,
                      const struct virtual_user_plan *plan)
{
    struct random random;
    const uint64_t user = random_mix(plan->number + 1) ^ random_mix(plan->round << 32);
    random_seed(&random, worker->plan->seed, worker->demands[demand].stream ^ user);
    return random_unit(&random);
}

static size_t ask(const struct worker *worker, const struct routing_attempt *attempt)
{
    return routing_region(worker->plan->profile->load.routing, worker->regions,
                          worker->plan->region_count, attempt);
}

size_t virtual_user_first_region(const struct worker *worker, size_t demand,
                                 const struct virtual_user_plan *plan, uint64_t now_ns)
{
    const struct routing_attempt attempt = {
        .demand = demand, .number = 1, .draw = draw_of(worker, demand, plan), .now_ns = now_ns};
    return ask(worker, &attempt);
}

size_t virtual_user_region(const struct virtual_user *user, uint64_t attempt, bool avoids,
                           uint64_t now_ns)
{
    const struct routing_attempt next = {.demand = user->demand,
                                         .number = attempt,
                                         .last = user->region,
                                         .draw = draw_of(user->worker, user->demand, &user->plan),
                                         .settled = user->driver != NULL,
                                         .avoids = avoids,
                                         .avoid = user->failed_in,
                                         .now_ns = now_ns};
    return ask(user->worker, &next);
}

size_t virtual_user_hedge_region(const struct virtual_user *user, uint64_t now_ns)
{
    const struct engine_plan *plan = plan_of(user);
    const struct routing_attempt under_way = {.last = user->region, .now_ns = now_ns};
    return routing_hedge(plan->profile->load.routing, user->worker->regions, plan->region_count,
                         &under_way);
}

void virtual_user_place(struct virtual_user *user, uint64_t now_ns)
{
    if (!routing_is_shared(plan_of(user)->profile->load.routing)) return;
    if (user->goes_first || (user->keeps && user->driver != NULL)) return;
    const uint64_t attempt = user->attempt + (user->begun || user->again ? 0 : 1);
    const size_t region = virtual_user_region(user, attempt, user->avoids, now_ns);
    if (region == user->region) return;
    virtual_user_give_back(user, now_ns); /* another region has other prices */
    user->region = region;
    if (user->driver != NULL) driver_finish(virtual_user_let_go(user), now_ns);
}

/* Whether a turn that begins then would be too near to the end that the service announced. */
static bool expires(const struct virtual_user *user, uint64_t at_ns)
{
    const struct life *life = &user->driver->session.life;
    int64_t margin_ns = plan_of(user)->timing.before_expiry_ns;
    if (margin_ns == 0 || !life->has_expiry) return false;
    const int64_t life_ns = (int64_t)(life->expires_ns - life->opened_ns);
    if (life_ns <= 0) return false; /* its own words make no sense */
    if (margin_ns > life_ns / EXPIRY_SHARE) margin_ns = life_ns / EXPIRY_SHARE;
    return (int64_t)(life->expires_ns - at_ns) < margin_ns;
}

void virtual_user_rotate(struct virtual_user *user, bool first, uint64_t at_ns, uint64_t now_ns)
{
    if (user->driver == NULL || !driver_usable(user->driver) || user->probe) return;
    const struct session_plan *plan = &plan_of(user)->profile->session;
    const int64_t max_age_ns = plan_of(user)->timing.max_age_ns;
    const uint64_t age_ns = now_ns - user->driver->session.life.dial_ns;
    const bool turned = plan->rotate_after > 0 && user->rotation_turns >= plan->rotate_after;
    const bool aged = max_age_ns > 0 && age_ns >= (uint64_t)max_age_ns;
    const bool grown =
        plan->history == HISTORY_ROTATE && user->driver->context_tokens >= plan->history_tokens;
    if ((first && (turned || aged || grown)) || expires(user, at_ns))
        driver_finish(virtual_user_let_go(user), now_ns);
}
