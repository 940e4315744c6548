/* A second attempt in another region while the first one has no output (load.hedge_after). The
 * first output decides which of the two goes on: that session is the user's from then on, and
 * the other answer is cancelled. */
#include "engine/driver.h"
#include "engine/virtual_user_private.h"

#include <stddef.h>

static struct retry_ledger *ledger_of(const struct virtual_user *user)
{
    return &user->worker->plan->retried[user->demand];
}

static const struct retry *retry_of(const struct virtual_user *user)
{
    return &user->worker->plan->timing.retry;
}

bool virtual_user_is_hedged(const struct virtual_user *user)
{
    return user->second != NULL;
}

/* ---- the second attempt begins ---- */

static bool waits_for_output(const struct virtual_user *user)
{
    const struct driver *driver = user->driver;
    return user->second == NULL && driver != NULL && driver->session.turn.state == TURN_WAITING;
}

static struct hedge_facts facts_of(const struct virtual_user *user, bool elsewhere, uint64_t now_ns)
{
    const struct retry_ledger *ledger = ledger_of(user);
    return (struct hedge_facts){
        .attempt = user->attempt,
        .since_due_ns = (int64_t)(now_ns - user->interaction_due_ns) - user->overrun_ns,
        .grace_ns = user->worker->plan->timing.grace_ns,
        .retries_so_far = atomic_load(&ledger->retries),
        .first_attempts = atomic_load(&ledger->first_attempts),
        .lately = retry_window_at(&ledger->decided, now_ns),
        .elsewhere = elsewhere,
    };
}

static void begin_hedge(struct virtual_user *user, size_t region, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    struct retry_ledger *ledger = ledger_of(user);
    struct turn_bound bound;
    struct purse_part reserved;
    if (!virtual_user_afford_second(user, region, &bound, &reserved, now_ns)) return;
    if (!retry_window_take(&ledger->dialled, retry_of(user), now_ns)) {
        purse_settle(worker->plan->purse, reserved, (struct purse_part){0});
        return;
    }
    atomic_fetch_add(&ledger->retries, 1);
    retry_window_add(&ledger->decided, true, now_ns);
    user->attempt++;
    user->decided_ns = now_ns;
    (void)pace_take(&worker->pace, now_ns, now_ns, now_ns);
    if (!driver_hedge(user, region, &bound, reserved, now_ns)) worker->recorder.failed = true;
}

static void on_hedge(struct timer *timer, uint64_t now_ns)
{
    struct virtual_user *user =
        (struct virtual_user *)((char *)timer - offsetof(struct virtual_user, hedge));
    struct worker *worker = user->worker;
    if (!waits_for_output(user)) return;
    const size_t region = virtual_user_hedge_region(user, now_ns);
    const struct hedge_facts facts = facts_of(user, region < worker->plan->region_count, now_ns);
    if (!hedge_decide(retry_of(user), &facts)) return;
    if (worker->pace.next_ns > now_ns) { /* its dial waits for its place, too */
        if (!timers_set(worker->timers, timer, worker->pace.next_ns))
            worker->recorder.failed = true;
        return;
    }
    begin_hedge(user, region, now_ns);
}

void virtual_user_arm_hedge(struct virtual_user *user, uint64_t now_ns)
{
    const struct engine_plan *plan = user->worker->plan;
    /* what tries a session or a region is not helped by another one */
    if (plan->profile->load.routing != ROUTING_HEDGED || user->probe || user->goes_first) return;
    if (!waits_for_output(user)) return;
    const uint64_t due_ns =
        user->driver->session.turn.due_ns + (uint64_t)plan->timing.hedge_after_ns;
    user->hedge.fire = on_hedge;
    if (!timers_set(user->worker->timers, &user->hedge, due_ns > now_ns ? due_ns : now_ns))
        user->worker->recorder.failed = true;
}

void virtual_user_hedge_ready(struct virtual_user *user, uint64_t now_ns)
{
    struct driver *second = user->second;
    struct retry_ledger *ledger = ledger_of(user);
    if (retry_window_take(&ledger->sent, retry_of(user), now_ns)) {
        driver_turn(second, now_ns, virtual_user_prompt(user), now_ns);
        return;
    }
    retry_window_drop(&ledger->decided, user->decided_ns);
    atomic_fetch_sub(&ledger->retries, 1);
    user->second = NULL;
    second->user = NULL; /* so that it is closed */
    driver_give_back(second);
}

/* ---- and one of the two goes on ---- */

static void go_on_with(struct virtual_user *user, struct driver *driver)
{
    user->second = NULL;
    if (user->driver == driver) return;
    user->driver = driver;
    user->region = driver->region;
    user->rotation_turns = 0;
    virtual_user_keep_chain(user);
}

void virtual_user_on_output(struct virtual_user *user, struct driver *driver, uint64_t now_ns)
{
    if (user->second == NULL) return;
    struct driver *loser = driver == user->second ? user->driver : user->second;
    go_on_with(user, driver);
    loser->user = NULL;
    driver_cancel(loser, now_ns);
}

void virtual_user_on_one_failed(struct virtual_user *user, const struct driver *driver,
                                const struct failure_class *failure, int64_t hint_ns,
                                uint64_t now_ns)
{
    const bool ours = failure_is_ours(failure);
    user->failed_in = driver->region;
    if (!ours && user->failures == 0)
        user->failed_first =
            (struct virtual_user_try){.region = driver->region, .session = driver->number};
    user->failures += !ours;
    user->met_failure |= !ours;
    virtual_user_hold_failed(user, driver->region, failure, hint_ns, now_ns);
}

void virtual_user_goes_on_without(struct virtual_user *user, struct driver *driver)
{
    struct driver *other = driver == user->second ? user->driver : user->second;
    go_on_with(user, other);
    driver->user = NULL;
}

void virtual_user_end_hedge(struct virtual_user *user, uint64_t now_ns)
{
    struct driver *second = user->second;
    timers_cancel(user->worker->timers, &user->hedge);
    if (second == NULL) return;
    user->second = NULL;
    /* cancelled, as its first attempt is, and not because another region had answered */
    driver_abandon(second, now_ns);
    second->user = NULL;
}
