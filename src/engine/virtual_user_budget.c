/*
 * Virtual users and the run's budget: who may send a turn, who waits for others' to give back.
 *
 * As behind a hold (virtual_user_hold.c), arrivals of an open load that do not fit are dropped and
 * counted, and users who are already there wait; their tries are due when there is room. So neither
 * the service nor this machine seems late, and the region counts as held back meanwhile.
 */
#include "engine/dispatch.h"
#include "engine/driver.h"
#include "engine/virtual_user_private.h"

#include <stddef.h>

/* Begins or ends the time that counts as held back for want of budget; a hold of the region counts
 * by itself. */
static void update_shortage(struct worker *worker, size_t region, uint64_t now_ns)
{
    struct region_state *state = &worker->regions[region];
    const bool lacks = state->lacks_budget && !state->hold.on && !worker->draining;
    if (lacks == state->shortage.on) return;
    (void)recorder_at(&worker->recorder, now_ns);
    if (lacks) {
        hold_for_budget(&state->shortage, now_ns);
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
    if (!user->held) recorder_cell(&worker->recorder, user->region)->counters.held_tries++;
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

static void stop_waiting(struct virtual_user *user)
{
    if (!user->waits_for_budget) return;
    user->waits_for_budget = false;
    user->worker->regions[user->region].waiting--;
}

void virtual_user_leave_spent(struct virtual_user *user, uint64_t now_ns)
{
    virtual_user_fail_held(user, now_ns);
    virtual_user_retire(user, now_ns);
}

void virtual_user_give_back(struct virtual_user *user)
{
    struct purse *purse = user->worker->plan->purse;
    purse_leave(purse, &user->claim);
    stop_waiting(user);
    if (user->paid) purse_settle(purse, user->reserved, (struct purse_part){0});
    user->paid = false;
    if (user->driver != NULL) driver_give_back(user->driver);
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
