/*
 * Virtual users, the run's budget and the pace to quotas: who may send, who waits for others' turns
 * to give back, or for its time.
 *
 * As behind a hold (virtual_user_hold.c), arrivals of an open load that do not fit are dropped and
 * counted, and users who are already there wait; their tries are due when there is room. So neither
 * the service nor this machine seems late, and the region counts as held back meanwhile.
 */
#include "engine/dispatch.h"
#include "engine/driver.h"
#include "engine/virtual_user_private.h"
#include "realtime/token_count.h"

#include <stddef.h>

/* An arrival that would have to wait for longer is not started: what is due beyond the quota would
 * become a queue without end. By the run's own clock. */
#define BACKLOG_NS (10 * NS_PER_S)

/* Begins or ends the time that counts as held back for want of budget; a hold of the region counts
 * by itself. */
static void update_shortage(struct worker *worker, size_t region, uint64_t now_ns)
{
    struct region_state *state = &worker->regions[region];
    const bool lacks =
        (state->lacks_budget || state->paced > 0) && !state->hold.on && !worker->draining;
    if (lacks == state->shortage.on) return;
    (void)recorder_at(&worker->recorder, now_ns);
    if (lacks) {
        hold_for_us(&state->shortage, state->lacks_budget ? HOLD_BUDGET : HOLD_PACE, now_ns);
    } else if (hold_close(&state->shortage, now_ns)) {
        recorder_hold(&worker->recorder, region, &state->shortage, now_ns);
    }
}

void virtual_user_hold_changed(struct worker *worker, size_t region, uint64_t now_ns)
{
    update_shortage(worker, region, now_ns);
}

static void found_room(struct virtual_user *user, uint64_t now_ns)
{
    struct region_state *state = &user->worker->regions[user->region];
    user->paid = true;
    state->lacks_budget = state->waiting > 0;
    update_shortage(user->worker, user->region, now_ns);
}

/* Waits to be granted its turn. */
static void wait_for_room(struct virtual_user *user, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    virtual_user_count_held(user);
    user->held = user->waits_for_budget = true;
    worker->regions[user->region].waiting++;
    timers_cancel(worker->timers, &user->timer);
    dispatch_forget(worker, user);
    if (user->driver != NULL) driver_end_trial(user->driver, TRIAL_WITHDRAWN);
    update_shortage(worker, user->region, now_ns);
}

static void found_none(struct virtual_user *user, bool over, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    (void)recorder_at(&worker->recorder, now_ns);
    worker->regions[user->region].lacks_budget = true;
    if (virtual_user_is_new_arrival(user)) {
        recorder_held_arrival(&worker->recorder, user->region);
        update_shortage(worker, user->region, now_ns);
        virtual_user_retire(user, now_ns);
    } else if (over) {
        virtual_user_leave_spent(user, now_ns);
    } else {
        wait_for_room(user, now_ns);
    }
}

bool virtual_user_afford(struct virtual_user *user, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    if (user->paid || (user->driver != NULL && user->driver->paid)) return true;
    const struct turn_bounds bounds = driver_bounds(user, virtual_user_prompt(user));
    const struct purse_wish wish = turn_bounds_wish(&bounds);
    user->bound = bounds.most;
    user->reserved = wish.most;
    const bool waits = !virtual_user_is_new_arrival(user);
    const enum purse_answer answer =
        purse_ask(worker->plan->purse, &wish, &worker->listener, waits ? &user->claim : NULL);
    if (answer == PURSE_TAKEN)
        found_room(user, now_ns);
    else
        found_none(user, answer == PURSE_OVER, now_ns);
    return answer == PURSE_TAKEN;
}

/* ---- the pace to the quota ---- */

static void leave_pace(struct virtual_user *user)
{
    if (user->paced) user->worker->regions[user->region].paced--;
    user->paced = false;
}

static double counted_tokens(const struct profile *profile, const struct turn_bounds *bounds)
{
    return (double)token_count_reserved(bounds->most.input, profile->session.max_output_tokens);
}

/* What the service counts of its dial, or its turn. */
static struct pace_wish wish_of(const struct virtual_user *user, bool dials)
{
    const struct profile *profile = user->worker->plan->profile;
    const bool connections =
        request_kind_of(profile->regions[user->region].dialect) == REQUEST_CONNECTION;
    struct pace_wish wish = {.requests = connections == dials ? 1 : 0};
    if (dials) return wish;
    const struct turn_bounds bounds = driver_bounds(user, virtual_user_prompt(user));
    wish.tokens = counted_tokens(profile, &bounds);
    return wish;
}

/* Whether an arrival would wait so long, for its dial or for the turn after it, that it is not
 * started. */
static bool is_beyond_quota(const struct virtual_user *user, struct quota_pace *pace,
                            uint64_t now_ns)
{
    const struct pace_wish dial = wish_of(user, true);
    const struct pace_wish turn = wish_of(user, false);
    const struct pace_wish both = {.requests = dial.requests + turn.requests,
                                   .tokens = turn.tokens};
    const uint64_t most_ns = (uint64_t)run_clock_to_real(&user->worker->plan->clock, BACKLOG_NS);
    return quota_pace_look(pace, &both, now_ns) > now_ns + most_ns;
}

/* Its time has come; or it waits for it. */
static bool wait_for_time(struct virtual_user *user, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    if (user->paced_ns <= now_ns) {
        leave_pace(user);
        update_shortage(worker, user->region, now_ns);
        return true;
    }
    (void)recorder_at(&worker->recorder, now_ns);
    virtual_user_count_held(user);
    user->held = true;
    dispatch_forget(worker, user);
    if (user->driver != NULL) driver_end_trial(user->driver, TRIAL_WITHDRAWN);
    update_shortage(worker, user->region, now_ns);
    virtual_user_schedule(user, user->paced_ns, now_ns);
    return false;
}

bool virtual_user_in_pace(struct virtual_user *user, bool dials, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    struct quota_pace *pace = &worker->plan->paces[user->region];
    if (!pace->on) return true;
    if (user->paced) return wait_for_time(user, now_ns);
    if (dials && virtual_user_is_new_arrival(user) && is_beyond_quota(user, pace, now_ns)) {
        (void)recorder_at(&worker->recorder, now_ns);
        recorder_held_arrival(&worker->recorder, user->region);
        virtual_user_retire(user, now_ns);
        return false;
    }
    const struct pace_wish wish = wish_of(user, dials);
    user->paced_ns = quota_pace_take(pace, &wish, now_ns, &worker->recorder.failed);
    user->paced = true;
    worker->regions[user->region].paced++;
    return wait_for_time(user, now_ns);
}

bool virtual_user_afford_second(struct virtual_user *user, size_t region, struct turn_bound *bound,
                                struct purse_part *reserved, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    const struct turn_bounds bounds =
        driver_bounds_in(worker, region, NULL, virtual_user_prompt(user));
    const struct purse_wish wish = turn_bounds_wish(&bounds);
    const struct pace_wish counted = {.requests = 1,
                                      .tokens = counted_tokens(worker->plan->profile, &bounds)};
    struct quota_pace *pace = &worker->plan->paces[region];
    if (quota_pace_look(pace, &counted, now_ns) > now_ns) return false;
    if (purse_ask(worker->plan->purse, &wish, &worker->listener, NULL) != PURSE_TAKEN) return false;
    (void)quota_pace_take(pace, &counted, now_ns, &worker->recorder.failed);
    *bound = bounds.most;
    *reserved = wish.most;
    return true;
}

/* ---- waiting for room in the budget ---- */

static void stop_waiting(struct virtual_user *user)
{
    if (!user->waits_for_budget) return;
    user->waits_for_budget = false;
    struct region_state *state = &user->worker->regions[user->region];
    state->waiting--;
    if (state->waiting == 0) state->lacks_budget = false;
}

void virtual_user_leave_spent(struct virtual_user *user, uint64_t now_ns)
{
    virtual_user_fail_held(user, now_ns);
    virtual_user_retire(user, now_ns);
}

void virtual_user_give_back(struct virtual_user *user, uint64_t now_ns)
{
    struct purse *purse = user->worker->plan->purse;
    purse_leave(purse, &user->claim);
    stop_waiting(user);
    leave_pace(user);
    if (user->paid) purse_settle(purse, user->reserved, (struct purse_part){0});
    user->paid = false;
    if (user->driver != NULL) driver_give_back(user->driver);
    update_shortage(user->worker, user->region, now_ns);
}

void virtual_user_take_grants(struct worker *worker, uint64_t now_ns)
{
    struct purse_claim *claim;
    while ((claim = purse_next(worker->plan->purse, &worker->listener)) != NULL) {
        struct virtual_user *user =
            (struct virtual_user *)((char *)claim - offsetof(struct virtual_user, claim));
        stop_waiting(user);
        found_room(user, now_ns);
        virtual_user_schedule(user, now_ns, now_ns);
    }
}
