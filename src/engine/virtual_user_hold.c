/*
 * Virtual users and the holds of regions: who may go, who waits, who is dropped.
 *
 * Arrivals of an open load that come during a hold are dropped and counted: a queue of them would
 * hit the limit at once when the hold ends, and the hold would be in their latencies. Users who are
 * already there wait. Their tries are due when the hold is over, and latencies count from then;
 * only the latency of an interaction that has failed before includes the wait, as its user felt it.
 */
#include "engine/dispatch.h"
#include "engine/driver.h"
#include "engine/routing.h"
#include "engine/virtual_user_private.h"

static struct hold *hold_of(const struct virtual_user *user)
{
    return &user->worker->regions[user->region].hold;
}

static struct counters *counters_of(const struct virtual_user *user)
{
    return &recorder_cell(&user->worker->recorder, user->region)->counters;
}

void virtual_user_count_held(struct virtual_user *user)
{
    if (!user->told_held) counters_of(user)->held_tries++;
    user->told_held = true;
}

bool virtual_user_is_new_arrival(const struct virtual_user *user)
{
    return user->worker->plan->profile->load.model == LOAD_ARRIVALS && user->dialled_ns == 0;
}

bool virtual_user_has_failed(const struct virtual_user *user)
{
    return user->failures > 0;
}

void virtual_user_fail_held(struct virtual_user *user, uint64_t now_ns)
{
    if (!virtual_user_has_failed(user)) return;
    (void)recorder_at(&user->worker->recorder, now_ns);
    struct cell *cell = recorder_cell(&user->worker->recorder, user->region);
    cell->counters.interactions_failed++;
    if (worker_paused_since(user->worker, user->interaction_due_ns)) return;
    const int64_t since_ns = (int64_t)(now_ns - user->interaction_due_ns) - user->overrun_ns;
    cell_latency(cell, METRIC_INTERACTION, run_clock_of_real(&user->worker->plan->clock, since_ns));
}

static bool is_past_deadline(const struct virtual_user *user, uint64_t due_ns)
{
    const struct timing *timing = &user->worker->plan->timing;
    const int64_t since_ns = (int64_t)(due_ns - user->interaction_due_ns) - user->overrun_ns;
    return virtual_user_has_failed(user) && since_ns > timing->retry.deadline_ns + timing->grace_ns;
}

/* Waits to be woken, or for the time at which the hold may end. */
static void wait_behind(struct virtual_user *user, const struct hold *hold, uint64_t now_ns)
{
    const bool timed = !hold->probing && hold->cause != HOLD_HOPELESS;
    virtual_user_count_held(user);
    user->held = true;
    virtual_user_give_back(user, now_ns);
    timers_cancel(user->worker->timers, &user->timer);
    dispatch_forget(user->worker, user);
    /* a session that only waits is no evidence for the abort rule */
    if (user->driver != NULL) driver_end_trial(user->driver, TRIAL_WITHDRAWN);
    if (timed) virtual_user_schedule(user, hold->until_ns, now_ns);
}

bool virtual_user_admit(struct virtual_user *user, uint64_t now_ns)
{
    struct hold *hold = hold_of(user);
    if (user->goes_first) return true;
    const enum hold_gate gate = hold_ask(hold, now_ns);
    const uint64_t due_ns = now_ns + (uint64_t)hold_left_ns(hold, now_ns);
    if (gate == GATE_OPEN && !user->held) return true;
    (void)recorder_at(&user->worker->recorder, now_ns);
    if (gate == GATE_SHUT && virtual_user_is_new_arrival(user)) {
        recorder_held_arrival(&user->worker->recorder, user->region);
        virtual_user_retire(user, now_ns);
        return false;
    }
    if (is_past_deadline(user, due_ns)) {
        dispatch_forget(user->worker, user);
        virtual_user_fail_held(user, now_ns);
        virtual_user_skip(user, now_ns);
        return false;
    }
    if (gate == GATE_SHUT) {
        wait_behind(user, hold, now_ns);
        return false;
    }
    user->held = false;
    user->goes_first = gate == GATE_PROBE;
    if (user->goes_first) hold_begin_probe(hold);
    return true;
}

void virtual_user_wake(struct worker *worker, size_t region, uint64_t now_ns)
{
    const struct hold *hold = &worker->regions[region].hold;
    const enum hold_gate gate = hold_ask(hold, now_ns);
    const bool timed = !hold->probing && hold->cause != HOLD_HOPELESS;
    if (gate == GATE_SHUT && !timed) return;
    const uint64_t due_ns = gate == GATE_SHUT ? hold->until_ns : now_ns;
    const bool shared = routing_is_shared(worker->plan->profile->load.routing);
    struct virtual_user *next;
    for (struct virtual_user *user = worker->virtual_users; user != NULL; user = next) {
        next = user->next;
        /* a region that takes load takes that of the others, too, if they share it */
        const bool concerned = user->region == region || (gate != GATE_SHUT && shared);
        if (user->held && !user->waits_for_budget && concerned)
            virtual_user_schedule(user, due_ns, now_ns);
    }
}

/* Lets those who wait go on, as far as the outcome allows. */
static void settle(struct worker *worker, size_t region, bool ended, uint64_t now_ns)
{
    if (ended) recorder_hold(&worker->recorder, region, &worker->regions[region].hold, now_ns);
    virtual_user_hold_changed(worker, region, now_ns);
    virtual_user_wake(worker, region, now_ns);
}

/* Whether the answer came too late for the breaker. */
static bool is_slow(const struct virtual_user *user)
{
    const int64_t most_ns = user->worker->plan->timing.breaker.latency_ns;
    return most_ns > 0 && user->driver->session.turn.ttft_ns > most_ns;
}

/* Tells a region's breaker of an attempt that ended. Returns whether that ended its hold. */
static bool tell_breaker(struct worker *worker, size_t index, const char *code, bool bad,
                         bool first, uint64_t now_ns)
{
    struct region_state *region = &worker->regions[index];
    if (worker->draining) return false;
    switch (breaker_add(&region->breaker, &worker->plan->timing.breaker, bad, first, now_ns)) {
    case BREAKER_STAYS:
        break;
    case BREAKER_OPENED:
        (void)hold_trip(&region->hold, code, region->breaker.until_ns, now_ns);
        break;
    case BREAKER_CLOSED:
        return hold_close_breaker(&region->hold, now_ns);
    }
    return false;
}

void virtual_user_hold_ok(struct virtual_user *user, uint64_t now_ns)
{
    const bool first = user->goes_first;
    user->goes_first = false;
    counters_of(user)->hold_probes += first;
    bool ended = hold_on_ok(hold_of(user), first, now_ns);
    ended = tell_breaker(user->worker, user->region, "slow", is_slow(user), first, now_ns) || ended;
    if (first) settle(user->worker, user->region, ended, now_ns);
    virtual_user_hold_changed(user->worker, user->region, now_ns);
}

void virtual_user_hold_failed(struct virtual_user *user, size_t region,
                              const struct failure_class *failure, int64_t hint_ns, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    struct hold *hold = &worker->regions[region].hold;
    const bool first = user->goes_first;
    user->goes_first = false;
    const bool before = hold->on;
    counters_of(user)->hold_probes += first && !failure_is_ours(failure);
    if (worker->plan->profile->retry.hold == HOLD_THE_REGION && !worker->draining)
        (void)hold_on_failure(hold, failure, hint_ns, first, now_ns);
    else if (first)
        hold_on_withdrawn(hold);
    if (breaker_counts_failure(failure))
        (void)tell_breaker(worker, region, failure->code, true, first, now_ns);
    if (first) settle(worker, region, before && !hold->on, now_ns);
    virtual_user_hold_changed(worker, region, now_ns);
}

void virtual_user_hold_withdrawn(struct virtual_user *user, uint64_t now_ns)
{
    if (!user->goes_first) return;
    user->goes_first = false;
    hold_on_withdrawn(hold_of(user));
    settle(user->worker, user->region, false, now_ns);
}
