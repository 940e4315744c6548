#include "engine/dispatch.h"

#include "base/clock.h"
#include "engine/virtual_user.h"
#include "record/health.h"

/* How often the closed model checks its level. */
#define UPDATE_EVERY_NS (20 * NS_PER_MS)

/* How often the queue is looked through for those who wait. */
#define COUNT_EVERY_NS (20 * (uint64_t)NS_PER_MS)

#define WORKER_OF(pointer, member)                                                                 \
    ((struct worker *)((char *)(pointer)-offsetof(struct worker, member)))

static bool is_open_model(const struct worker *worker)
{
    return worker->plan->profile->load.model == LOAD_ARRIVALS;
}

static uint64_t due_ns(const struct worker *worker, const struct demand *demand)
{
    return run_clock_mono_at(&worker->plan->clock, demand->next_due_ns);
}

/* ---- what failures did to the load ---- */

/* An arrival that waits for its first dial, and would be dialled in time had nothing failed. */
static bool is_planned_in_time(const struct virtual_user *user)
{
    return user->queued && user->dialled_ns == 0 && user->planned_ns != 0 &&
           dispatch_is_in_time(user, user->planned_ns);
}

/* Has not been dialled, but would have been had nothing failed. */
static bool is_displaced(const struct virtual_user *user, uint64_t now_ns)
{
    return is_planned_in_time(user) && user->planned_ns <= now_ns;
}

/* Each once. */
static void count_displaced(struct worker *worker, struct virtual_user *user, uint64_t now_ns)
{
    if (user->displaced) return;
    (void)recorder_at(&worker->recorder, now_ns);
    worker->recorder.handover->displaced++;
    user->displaced = true;
}

/* Those who wait are counted as soon as their places in the queue make them late, and not in the
 * interval of their dial: in that of an outage many are due, and few are dialled. */
static void count_waiting(struct worker *worker, uint64_t now_ns)
{
    if (!is_open_model(worker) || now_ns < worker->counted_ns + COUNT_EVERY_NS) return;
    worker->counted_ns = now_ns;
    uint64_t dial_ns = worker->pace.next_ns > now_ns ? worker->pace.next_ns : now_ns;
    for (struct virtual_user *user = worker->queue_first; user != NULL; user = user->queued_next) {
        if (is_planned_in_time(user) && !dispatch_is_in_time(user, dial_ns))
            count_displaced(worker, user, now_ns);
        dial_ns += worker->pace.gap_ns;
    }
}

/* Whether an arrival finds no room only because of failures: most of those present retry, or wait
 * behind retries, and without them there would be room. */
static bool is_crowded_out(const struct worker *worker, size_t index, uint64_t now_ns)
{
    const struct demand *demand = &worker->demands[index];
    if (!demand_would_have_room(demand, run_clock_elapsed(&worker->plan->clock, now_ns)))
        return false;
    uint64_t held_up = 0;
    for (const struct virtual_user *user = worker->virtual_users; user != NULL; user = user->next)
        held_up +=
            user->demand == index && (virtual_user_has_failed(user) || is_displaced(user, now_ns));
    return 2 * held_up > demand->present;
}

/* Those in the queue whose first dial will never be. */
static void count_given_up(struct worker *worker, bool arrived_stay, uint64_t now_ns)
{
    for (struct virtual_user *user = worker->queue_first; user != NULL; user = user->queued_next) {
        const bool late = !arrived_stay || !dispatch_is_in_time(user, now_ns);
        if (late && is_displaced(user, now_ns)) count_displaced(worker, user, now_ns);
    }
}

static void take_arrivals(struct worker *worker, size_t index, uint64_t now_ns)
{
    struct demand *demand = &worker->demands[index];
    while (demand->arrivals_left && due_ns(worker, demand) <= now_ns) {
        const struct virtual_user_plan plan = {.number = demand->next_number,
                                               .due_ns = due_ns(worker, demand)};
        const size_t region = virtual_user_first_region(worker, index, &plan, now_ns);
        (void)recorder_at(&worker->recorder, now_ns);
        recorder_cell(&worker->recorder, region)->counters.requested_sessions++;
        worker->recorder.handover->requested++;
        if (hold_ask(&worker->regions[region].hold, now_ns) == GATE_SHUT) {
            recorder_held_arrival(&worker->recorder, region);
        } else if (!demand_has_room(demand)) {
            worker->recorder.handover->displaced += is_crowded_out(worker, index, now_ns);
        } else {
            (void)virtual_user_start(worker, index, region, &plan, now_ns);
        }
        demand_next_arrival(demand);
    }
}

static size_t wanted_slots(const struct worker *worker, const struct demand *demand,
                           uint64_t now_ns)
{
    return demand_wanted(demand, run_clock_elapsed(&worker->plan->clock, now_ns));
}

static bool fill_slot(struct worker *worker, size_t index, size_t slot, uint64_t now_ns)
{
    const struct virtual_user_plan plan = {
        .number = lane_first(&worker->lane) + slot * lane_stride(&worker->lane),
        .slot = slot,
        .round = worker->demands[index].rounds[slot],
        .due_ns = now_ns,
    };
    const size_t region = virtual_user_first_region(worker, index, &plan, now_ns);
    return virtual_user_start(worker, index, region, &plan, now_ns);
}

/* Starts virtual users that are missing; lets surplus ones leave when they are not in the middle of
 * an interaction. */
static void keep_level(struct worker *worker, size_t index, uint64_t now_ns)
{
    const struct demand *demand = &worker->demands[index];
    size_t wanted = wanted_slots(worker, demand, now_ns);
    size_t slot;
    while (demand_vacant(demand, wanted, &slot)) {
        if (!fill_slot(worker, index, slot, now_ns) || worker->recorder.failed) return;
    }
    if (!demand_has_surplus(demand, wanted)) return;
    struct virtual_user *next;
    for (struct virtual_user *user = worker->virtual_users; user != NULL; user = next) {
        next = user->next;
        if (user->demand == index && user->plan.slot >= wanted) virtual_user_leave(user, now_ns);
    }
}

static uint64_t next_update(const struct worker *worker, uint64_t now_ns)
{
    uint64_t next = now_ns + (uint64_t)UPDATE_EVERY_NS;
    if (!is_open_model(worker)) return next;
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < worker->demand_count; i++) {
        const struct demand *demand = &worker->demands[i];
        if (demand->arrivals_left && due_ns(worker, demand) < first) first = due_ns(worker, demand);
    }
    return first;
}

static void update(struct worker *worker, uint64_t now_ns)
{
    if (worker->draining || worker->recorder.failed) return;
    if (is_open_model(worker)) {
        dispatch_arrivals(worker, now_ns);
    } else {
        for (size_t i = 0; i < worker->demand_count; i++) keep_level(worker, i, now_ns);
    }
    uint64_t next = next_update(worker, now_ns);
    if (next != UINT64_MAX && !timers_set(worker->timers, &worker->arrival, next))
        worker->recorder.failed = true;
}

void dispatch_arrivals(struct worker *worker, uint64_t now_ns)
{
    for (size_t i = 0; i < worker->demand_count; i++) take_arrivals(worker, i, now_ns);
}

static void on_arrival(struct timer *timer, uint64_t now_ns)
{
    update(WORKER_OF(timer, arrival), now_ns);
}

void dispatch_soon(struct worker *worker, uint64_t now_ns)
{
    if (worker->draining || is_open_model(worker)) return;
    if (!timers_set(worker->timers, &worker->arrival, now_ns)) worker->recorder.failed = true;
}

static void pace(struct worker *worker, uint64_t now_ns);

static void on_pacing(struct timer *timer, uint64_t now_ns)
{
    pace(WORKER_OF(timer, pacing), now_ns);
}

/* An arrival's first dial, on time or not; and if not, whether it would have been had nothing
 * failed. */
static void count_arrival(struct worker *worker, struct virtual_user *user, uint64_t now_ns)
{
    (void)recorder_at(&worker->recorder, now_ns);
    struct handover *handover = worker->recorder.handover;
    handover->achieved++;
    if (dispatch_is_in_time(user, now_ns)) return;
    handover->achieved_late++;
    if (is_displaced(user, now_ns)) count_displaced(worker, user, now_ns);
}

/* This machine would have stalled those who wait as well had nothing failed. */
static void delay_plans(struct worker *worker, const struct pace_stall *stall)
{
    if (stall->length_ns == 0) return;
    for (struct virtual_user *user = worker->queue_first; user != NULL; user = user->queued_next) {
        if (user->planned_ns != 0) user->planned_ns = pace_delay(stall, user->planned_ns);
    }
}

/* Lets virtual users dial at the connect rate. */
static void pace(struct worker *worker, uint64_t now_ns)
{
    while (worker->queue_first != NULL) {
        struct virtual_user *user = worker->queue_first;
        virtual_user_place(user, now_ns);
        if (!virtual_user_admit(user, now_ns)) continue; /* it has left the queue */
        if (worker->pace.next_ns > now_ns) {
            count_waiting(worker, now_ns);
            (void)timers_set(worker->timers, &worker->pacing, worker->pace.next_ns);
            return;
        }
        if (!virtual_user_in_pace(user, true, now_ns)) continue; /* likewise */
        if (!virtual_user_afford(user, now_ns)) continue;
        if (!virtual_user_may_retry(user, true, now_ns)) continue;
        const struct pace_stall stall =
            pace_take(&worker->pace, user->try_due_ns, user->asked_ns, now_ns);
        delay_plans(worker, &stall);
        if (is_open_model(worker) && user->dialled_ns == 0) count_arrival(worker, user, now_ns);
        dispatch_forget(worker, user);
        virtual_user_dial(user, now_ns);
    }
}

void dispatch_dial(struct worker *worker, struct virtual_user *user, uint64_t now_ns)
{
    user->queued = true;
    user->queued_next = NULL;
    user->asked_ns = now_ns;
    user->planned_ns = user->replaces ? 0 : pace_plan(&worker->pace, user->try_due_ns, now_ns);
    if (worker->queue_last == NULL) {
        worker->queue_first = user;
    } else {
        worker->queue_last->queued_next = user;
    }
    worker->queue_last = user;
    if (worker->pacing.place == 0)
        pace(worker, now_ns);
    else
        count_waiting(worker, now_ns);
}

void dispatch_forget(struct worker *worker, struct virtual_user *user)
{
    if (!user->queued) return;
    user->queued = false;
    struct virtual_user *before = NULL;
    for (struct virtual_user *at = worker->queue_first; at != NULL && at != user;
         at = at->queued_next)
        before = at;
    if (before == NULL) {
        worker->queue_first = user->queued_next;
    } else {
        before->queued_next = user->queued_next;
    }
    if (worker->queue_last == user) worker->queue_last = before;
}

bool dispatch_surplus(const struct virtual_user *user, uint64_t now_ns)
{
    const struct worker *worker = user->worker;
    return !is_open_model(worker) &&
           user->plan.slot >= wanted_slots(worker, &worker->demands[user->demand], now_ns);
}

bool dispatch_is_in_time(const struct virtual_user *user, uint64_t now_ns)
{
    return now_ns <= user->try_due_ns + (uint64_t)HEALTH_DIAL_LATE_NS;
}

void dispatch_stop(struct worker *worker, bool arrived_stay, uint64_t now_ns)
{
    if (is_open_model(worker)) count_given_up(worker, arrived_stay, now_ns);
    timers_cancel(worker->timers, &worker->arrival);
}

void dispatch_start(struct worker *worker)
{
    pace_init(&worker->pace,
              worker->plan->profile->load.connect_rate / (double)lane_stride(&worker->lane));
    worker->arrival.fire = on_arrival;
    worker->pacing.fire = on_pacing;
    (void)timers_set(worker->timers, &worker->arrival, worker->plan->clock.mono_origin_ns);
}
