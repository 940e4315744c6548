#include "engine/virtual_user.h"

#include "base/memory.h"
#include "engine/dispatch.h"
#include "engine/driver.h"
#include "engine/request_id.h"
#include "engine/routing.h"
#include "engine/virtual_user_private.h"
#include "profile/prompts.h"

#include <stddef.h>
#include <stdlib.h>

/* How often an interaction is carried over into a new session; without a limit, a service whose
 * sessions end at once would keep it for ever. */
#define CUTS_MOST 3

/* How long a refused virtual user waits for the requested credential; then it uses the old one. */
#define CREDENTIAL_WAIT_NS (15 * NS_PER_S)

static const struct session_plan *plan_of(const struct virtual_user *user)
{
    return &user->worker->plan->profile->session;
}

static void virtual_user_free(struct virtual_user *user, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    virtual_user_hold_withdrawn(user, now_ns);
    virtual_user_give_back(user, now_ns);
    dispatch_forget(worker, user);
    timers_cancel(worker->timers, &user->timer);
    virtual_user_end_hedge(user, now_ns);
    if (user->previous != NULL) {
        user->previous->next = user->next;
    } else {
        worker->virtual_users = user->next;
    }
    if (user->next != NULL) user->next->previous = user->previous;
    struct demand *demand = &worker->demands[user->demand];
    demand_leave(demand, user->plan.slot);
    if (user->dialled_ns != 0 && !user->met_failure && now_ns >= user->dialled_ns)
        demand_stayed(
            demand, run_clock_of_real(&worker->plan->clock, (int64_t)(now_ns - user->dialled_ns)));
    worker_leave_chain(worker, &user->chain);
    free(user);
    worker_check_over(worker);
}

struct driver *virtual_user_let_go(struct virtual_user *user)
{
    struct driver *driver = user->driver;
    user->driver = NULL;
    if (driver != NULL) driver->user = NULL;
    return driver;
}

void virtual_user_retire(struct virtual_user *user, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    struct driver *driver = virtual_user_let_go(user);
    virtual_user_free(user, now_ns);
    if (driver != NULL) driver_finish(driver, now_ns);
    dispatch_soon(worker, now_ns);
}

void virtual_user_schedule(struct virtual_user *user, uint64_t due_ns, uint64_t now_ns)
{
    user->try_due_ns = due_ns;
    if (!timers_set(user->worker->timers, &user->timer, due_ns)) {
        user->worker->recorder.failed = true;
        virtual_user_retire(user, now_ns);
    }
}

const char *virtual_user_prompt(const struct virtual_user *user)
{
    return prompts_draw(plan_of(user), user->worker->plan->seed, user->plan.number,
                        user->plan.round, user->interaction)
        ->text;
}

/* Whether the try that is due has its number in the interaction already. */
static bool has_number(const struct virtual_user *user)
{
    return user->begun || user->again;
}

/* What lies in the socket before the turn is sent is no answer to it, and is read first. */
static bool listens(struct virtual_user *user, uint64_t now_ns)
{
    if (!driver_unread(user->driver)) return false;
    if (now_ns > user->try_due_ns + (uint64_t)OVERDUE_READING_NS) return false;
    return timers_set(user->worker->timers, &user->timer, now_ns + 1);
}

static struct retry_ledger *ledger_of(const struct virtual_user *user)
{
    return &user->worker->plan->retried[user->demand];
}

/* The budget has no room for its retry after all: its interaction ends here. */
static void drop_retry(struct virtual_user *user, uint64_t now_ns)
{
    struct retry_ledger *ledger = ledger_of(user);
    retry_window_drop(&ledger->decided, user->decided_ns);
    atomic_fetch_sub(&ledger->retries, 1);
    virtual_user_give_back(user, now_ns);
    virtual_user_hold_withdrawn(user, now_ns);
    dispatch_forget(user->worker, user);
    virtual_user_fail_held(user, now_ns);
    virtual_user_skip(user, now_ns);
}

bool virtual_user_may_retry(struct virtual_user *user, bool dials, uint64_t now_ns)
{
    struct retry_ledger *ledger = ledger_of(user);
    const struct retry *retry = &user->worker->plan->timing.retry;
    if (user->attempt <= 1 || user->again) return true;
    if (retry_window_take(dials ? &ledger->dialled : &ledger->sent, retry, now_ns)) return true;
    drop_retry(user, now_ns);
    return false;
}

static void take_turn(struct virtual_user *user, uint64_t due_ns, uint64_t now_ns)
{
    if (!virtual_user_in_pace(user, false, now_ns)) return;
    if (!virtual_user_afford(user, now_ns)) return;
    if (!virtual_user_may_retry(user, false, now_ns)) return;
    driver_turn(user->driver, due_ns, virtual_user_prompt(user), now_ns);
    virtual_user_arm_hedge(user, now_ns);
}

/* The next attempt of its interaction; a retry for which the budget's window has no room by now
 * does not even queue for a dial. False: the interaction ends here. */
static bool begin_number(struct virtual_user *user, uint64_t now_ns)
{
    struct retry_ledger *ledger = ledger_of(user);
    const bool retry = user->attempt > 0;
    const struct retry_share lately = retry_window_at(&ledger->sent, now_ns);
    if (retry && !retry_within_window(&user->worker->plan->timing.retry, &lately)) {
        drop_retry(user, now_ns);
        return false;
    }
    user->attempt++;
    if (retry) return true;
    atomic_fetch_add(&ledger->first_attempts, 1);
    retry_window_add(&ledger->decided, false, now_ns);
    return true;
}

static void begin_try(struct timer *timer, uint64_t now_ns)
{
    struct virtual_user *user =
        (struct virtual_user *)((char *)timer - offsetof(struct virtual_user, timer));
    user->awaits_credential = false;
    if (purse_is_over(user->worker->plan->purse)) {
        virtual_user_leave_spent(user, now_ns);
        return;
    }
    virtual_user_place(user, now_ns);
    if (!virtual_user_admit(user, now_ns)) return;
    const bool known = has_number(user);
    if (!known && !begin_number(user, now_ns)) return;
    user->begun = true;
    const bool first = user->attempt == 1 && !user->again;
    if (first) user->interaction_due_ns = user->try_due_ns;
    virtual_user_rotate(user, first, now_ns, now_ns);
    if (user->driver != NULL && driver_usable(user->driver)) {
        if (listens(user, now_ns)) return;
        virtual_user_keep_chain(user);
        take_turn(user, user->try_due_ns, now_ns);
        return;
    }
    user->probe = false; /* the session to be probed is gone */
    dispatch_dial(user->worker, user, now_ns);
}

/* Its jitter, from a stream separate from the demand's arrivals, and its id: neither depends on who
 * else is present. */
static void make_own(struct virtual_user *user)
{
    uint64_t stream = user->worker->demands[user->demand].stream;
    random_seed(&user->random, user->worker->plan->seed,
                stream + 1 + user->plan.number + (user->plan.round << 32));
    user->id =
        request_id_user(user->worker->plan->id_seed, stream, user->plan.number, user->plan.round);
}

bool virtual_user_start(struct worker *worker, size_t demand, size_t region,
                        const struct virtual_user_plan *plan, uint64_t now_ns)
{
    struct virtual_user *user = calloc(1, sizeof *user);
    if (user == NULL) {
        worker->recorder.failed = true;
        return false;
    }
    user->worker = worker;
    user->demand = demand;
    user->region = region;
    user->plan = *plan;
    make_own(user);
    user->interaction = 1;
    user->timer.fire = begin_try;
    user->next = worker->virtual_users;
    if (worker->virtual_users != NULL) worker->virtual_users->previous = user;
    worker->virtual_users = user;
    demand_enter(&worker->demands[demand], plan->slot);
    virtual_user_schedule(user, plan->due_ns, now_ns);
    return true;
}

void virtual_user_keep_chain(struct virtual_user *user)
{
    struct chain *chain = user->driver->chain;
    if (user->chain == chain) return;
    worker_leave_chain(user->worker, &user->chain);
    user->chain = chain_hold(chain);
}

void virtual_user_dial(struct virtual_user *user, uint64_t now_ns)
{
    user->rotation_turns = 0;
    if (user->dialled_ns == 0) user->dialled_ns = now_ns;
    user->replaces = false;
    /* Without memory the run ends with this interval, and libraries fail in ways of their own. */
    if (!memory_ran_out() && driver_dial(user, now_ns)) return;
    user->worker->recorder.failed = true;
    virtual_user_retire(user, now_ns);
}

void virtual_user_on_ready(struct virtual_user *user, struct driver *driver, uint64_t now_ns)
{
    if (driver != user->driver) {
        virtual_user_hedge_ready(user, now_ns);
        return;
    }
    /* The turn could not be due before there was a session to take it. */
    user->try_due_ns = now_ns;
    if (user->attempt == 1 && user->cuts == 0) user->interaction_due_ns = now_ns;
    virtual_user_place(user, now_ns);
    if (user->driver == NULL) { /* its region was held back while it dialled */
        dispatch_dial(user->worker, user, now_ns);
        return;
    }
    if (!virtual_user_admit(user, now_ns)) return;
    take_turn(user, now_ns, now_ns);
}

static void next_interaction(struct virtual_user *user, int64_t pause_ns, uint64_t now_ns)
{
    user->interaction++;
    user->attempt = user->failures = 0;
    user->dials = user->turns = 0;
    worker_leave_chain(user->worker, &user->chain);
    user->renewed = user->awaits_credential = false;
    user->cuts = 0;
    user->said_ns = user->overrun_ns = 0;
    user->probe = user->again = user->begun = user->held = user->told_held = false;
    user->keeps = user->avoids = false;
    bool done = user->interaction > plan_of(user)->interactions || user->worker->draining ||
                dispatch_surplus(user, now_ns);
    if (done) {
        virtual_user_retire(user, now_ns);
        return;
    }
    virtual_user_rotate(user, false, now_ns + (uint64_t)pause_ns, now_ns);
    virtual_user_schedule(user, now_ns + (uint64_t)pause_ns, now_ns);
}

void virtual_user_skip(struct virtual_user *user, uint64_t now_ns)
{
    next_interaction(user, user->worker->plan->timing.think_time_ns, now_ns);
}

void virtual_user_on_attempt_ok(struct virtual_user *user, uint64_t now_ns)
{
    virtual_user_hold_ok(user, now_ns);
    user->rotation_turns++;
    /* who listens thinks when the answer is over */
    const int64_t hears_ns = driver_left_to_hear(user->driver, now_ns);
    next_interaction(user, user->worker->plan->timing.think_time_ns + hears_ns, now_ns);
}

void virtual_user_on_attempt_cancelled(struct virtual_user *user, uint64_t now_ns)
{
    virtual_user_hold_withdrawn(user, now_ns);
    virtual_user_skip(user, now_ns);
}

void virtual_user_on_interrupted(struct virtual_user *user, uint64_t now_ns)
{
    virtual_user_hold_withdrawn(user, now_ns);
    user->rotation_turns++;
    next_interaction(user, 0, now_ns);
}

void virtual_user_stop_listening(struct virtual_user *user, uint64_t now_ns)
{
    if (user->timer.place != 0) virtual_user_schedule(user, now_ns, now_ns);
}

enum decision virtual_user_on_attempt_cut(struct virtual_user *user, uint64_t now_ns)
{
    const struct retry *retry = &user->worker->plan->timing.retry;
    (void)virtual_user_let_go(user);
    virtual_user_hold_withdrawn(user, now_ns);
    user->probe = user->keeps = user->begun = user->told_held = false;
    if (user->cuts++ < CUTS_MOST) {
        user->again = true;
        virtual_user_schedule(user, now_ns, now_ns);
        return DECIDE_RENEW_SESSION;
    }
    int64_t pause_ns = user->worker->plan->timing.think_time_ns;
    next_interaction(
        user, pause_ns > retry->backoff_initial_ns ? pause_ns : retry->backoff_initial_ns, now_ns);
    return DECIDE_GIVE_UP;
}

void virtual_user_on_limit(struct virtual_user *user, int64_t exact_ns, int64_t kept_ns)
{
    user->said_ns += exact_ns;
    user->overrun_ns += kept_ns - exact_ns;
}

/* What the decision goes by, once the failure has been counted against its region. */
static struct retry_facts facts_of(const struct virtual_user *user,
                                   const struct failure_class *failure, int64_t hint_ns,
                                   bool usable, uint64_t now_ns)
{
    const struct timing *timing = &user->worker->plan->timing;
    const struct retry_ledger *ledger = ledger_of(user);
    const bool avoids = timing->retry.session == RETRY_ELSEWHERE;
    const size_t next = virtual_user_region(user, user->attempt + 1, avoids, now_ns);
    return (struct retry_facts){
        .failure = failure,
        .attempt = user->attempt,
        .since_due_ns = (int64_t)(now_ns - user->interaction_due_ns) - user->overrun_ns,
        .said_ns = user->said_ns,
        .grace_ns = timing->grace_ns,
        .hint_ns = hint_ns,
        .session_usable = usable,
        .retries_so_far = atomic_load(&ledger->retries),
        .first_attempts = atomic_load(&ledger->first_attempts),
        .probe = user->probe,
        .held_ns = hold_left_ns(&user->worker->regions[next].hold, now_ns),
        .lately = retry_window_at(&ledger->decided, now_ns),
        .elsewhere = next != user->region,
    };
}

/* The attempt failed, and so it will be decided. */
static void take_decision(struct virtual_user *user, const struct failure_class *failure,
                          enum decision decision, bool usable)
{
    const struct retry *retry = &user->worker->plan->timing.retry;
    const bool ours = failure_is_ours(failure);
    user->rotation_turns++;
    user->probe = decision == DECIDE_PROBE_SAME_SESSION;
    user->keeps = user->probe || decision == DECIDE_RETRY_SAME_SESSION;
    user->avoids = decision == DECIDE_RETRY_OTHER_REGION && retry->session == RETRY_ELSEWHERE;
    user->again = user->begun = user->told_held = false;
    user->failures += !ours;
    user->met_failure |= !ours;
    if (!retry_leaves_session(retry, failure, decision, usable)) return;
    (void)virtual_user_let_go(user);
    user->replaces = !ours;
}

enum decision virtual_user_on_attempt_failed(struct virtual_user *user,
                                             const struct failure_class *failure, int64_t hint_ns,
                                             bool usable, uint64_t now_ns)
{
    struct retry_ledger *ledger = ledger_of(user);
    const struct retry *retry = &user->worker->plan->timing.retry;
    struct failure_class judged = *failure;
    const bool ours = failure_is_ours(failure);
    if (user->refusal != REFUSAL_NONE) judged.new_session = true;
    if (user->refusal != REFUSAL_NONE) judged.retryable = user->refusal == REFUSAL_RENEWS;
    user->refusal = REFUSAL_NONE;
    user->failed_in = user->region;
    if (!ours && user->failures == 0)
        user->failed_first = (struct virtual_user_try){
            .region = user->region, .session = user->driver != NULL ? user->driver->number : 0};
    virtual_user_hold_failed(user, user->region, &judged, hint_ns, now_ns);
    const struct retry_facts facts = facts_of(user, &judged, hint_ns, usable, now_ns);
    int64_t delay_ns;
    enum decision decision = retry_decide(retry, &facts, &user->random, &delay_ns);
    take_decision(user, failure, decision, usable);
    if (decision == DECIDE_GIVE_UP) {
        /* After a session that failed to open, do not dial again in the same millisecond. */
        int64_t pause_ns = user->worker->plan->timing.think_time_ns;
        if (!usable && pause_ns < retry->backoff_initial_ns) pause_ns = retry->backoff_initial_ns;
        next_interaction(user, pause_ns, now_ns);
    } else {
        atomic_fetch_add(&ledger->retries, 1);
        retry_window_add(&ledger->decided, true, now_ns);
        user->decided_ns = now_ns;
        user->said_ns += delay_ns;
        int64_t wait_ns = user->awaits_credential ? CREDENTIAL_WAIT_NS : delay_ns;
        /* what our own side spoilt is in no latency */
        if (ours) user->overrun_ns += (int64_t)(now_ns - user->try_due_ns) + wait_ns;
        virtual_user_schedule(user, now_ns + (uint64_t)wait_ns, now_ns);
    }
    return decision;
}

void virtual_user_on_credential_refused(struct virtual_user *user, bool renews, bool fresh)
{
    user->refusal = renews && !user->renewed ? REFUSAL_RENEWS : REFUSAL_STAYS;
    user->awaits_credential = user->refusal == REFUSAL_RENEWS && !fresh;
    user->renewed = true;
}

void virtual_user_on_credential(struct virtual_user *user, uint64_t now_ns)
{
    if (!user->awaits_credential) return;
    user->awaits_credential = false;
    if (user->driver == NULL && !user->queued) virtual_user_schedule(user, now_ns, now_ns);
}

void virtual_user_on_session_lost(struct virtual_user *user, bool failed)
{
    user->replaces = failed;
    user->met_failure |= failed;
    (void)virtual_user_let_go(user);
}

void virtual_user_leave(struct virtual_user *user, uint64_t now_ns)
{
    bool first_try_waits = user->queued && user->attempt == 1;
    if (user->held) virtual_user_fail_held(user, now_ns);
    if (user->held && virtual_user_is_new_arrival(user))
        recorder_held_arrival(&user->worker->recorder, user->region);
    if (user->attempt == 0 || first_try_waits || user->held) virtual_user_retire(user, now_ns);
}

void virtual_user_abandon(struct virtual_user *user, uint64_t now_ns)
{
    struct driver *driver = user->driver;
    if (driver != NULL)
        driver_abandon(driver, now_ns); /* records the attempt as cancelled while it still has
                                           its virtual user */
    (void)virtual_user_let_go(user);
    virtual_user_free(user, now_ns);
}
