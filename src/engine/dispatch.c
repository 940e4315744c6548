#include "engine/dispatch.h"

#include "base/clock.h"
#include "engine/virtual_user.h"

#include <string.h>

/* How often the closed model looks at its level. */
#define UPDATE_EVERY_NS (20 * NS_PER_MS)

#define WORKER_OF(pointer, member)                                                                 \
    ((struct worker *)((char *)(pointer)-offsetof(struct worker, member)))

static bool is_open_model(const struct worker *worker)
{
    return worker->plan->profile->load.model == LOAD_ARRIVALS;
}

static void next_arrival(struct worker *worker, struct share *share)
{
    int64_t elapsed;
    share->arrivals_left =
        arrivals_next_of(&share->arrivals, &worker->lane, &elapsed, &share->next_number);
    if (share->arrivals_left) share->next_due_ns = run_clock_mono_at(&worker->plan->clock, elapsed);
}

static void take_arrivals(struct worker *worker, size_t region, uint64_t now_ns)
{
    struct share *share = &worker->shares[region];
    uint64_t limit = lane_part(&worker->lane, worker->plan->profile->load.max_sessions);
    while (share->arrivals_left && share->next_due_ns <= now_ns) {
        (void)recorder_at(&worker->recorder, now_ns);
        recorder_cell(&worker->recorder, region)->counters.requested_sessions++;
        worker->recorder.handover->requested++;
        if (share->virtual_users < limit) {
            const struct virtual_user_plan plan = {.number = share->next_number,
                                                   .due_ns = share->next_due_ns};
            (void)virtual_user_start(worker, region, &plan, now_ns);
        }
        next_arrival(worker, share);
    }
}

/* How many of this worker's slots are to be busy: always the first ones. */
static uint64_t wanted_slots(const struct worker *worker, uint64_t now_ns)
{
    int64_t elapsed = run_clock_elapsed(&worker->plan->clock, now_ns);
    return lane_part(&worker->lane, pacer_sessions(&worker->plan->profile->load, elapsed));
}

static bool fill_slot(struct worker *worker, size_t region, size_t slot, uint64_t now_ns)
{
    struct share *share = &worker->shares[region];
    const struct virtual_user_plan plan = {
        .number = lane_first(&worker->lane) + slot * lane_stride(&worker->lane),
        .slot = slot,
        .round = share->rounds[slot],
        .due_ns = now_ns,
    };
    if (!virtual_user_start(worker, region, &plan, now_ns)) return false;
    share->rounds[slot]++;
    return true;
}

/* Starts who is missing; lets go who is too many and not in the middle of an interaction. */
static void keep_level(struct worker *worker, size_t region, uint64_t now_ns)
{
    struct share *share = &worker->shares[region];
    size_t wanted = wanted_slots(worker, now_ns);
    const char *vacant;
    while ((vacant = memchr(share->taken, 0, wanted)) != NULL) {
        if (!fill_slot(worker, region, (size_t)(vacant - share->taken), now_ns) ||
            worker->recorder.failed)
            return;
    }
    if (memchr(share->taken + wanted, 1, share->slot_count - wanted) == NULL) return;
    struct virtual_user *next;
    for (struct virtual_user *user = worker->virtual_users; user != NULL; user = next) {
        next = user->next;
        if (user->region == region && user->plan.slot >= wanted) virtual_user_leave(user, now_ns);
    }
}

static uint64_t next_update(const struct worker *worker, uint64_t now_ns)
{
    uint64_t next = now_ns + (uint64_t)UPDATE_EVERY_NS;
    if (!is_open_model(worker)) return next;
    uint64_t due = UINT64_MAX;
    for (size_t i = 0; i < worker->plan->region_count; i++) {
        const struct share *share = &worker->shares[i];
        if (share->arrivals_left && share->next_due_ns < due) due = share->next_due_ns;
    }
    return due;
}

static void update(struct worker *worker, uint64_t now_ns)
{
    if (worker->draining) return;
    if (is_open_model(worker)) {
        dispatch_arrivals(worker, now_ns);
    } else {
        for (size_t i = 0; i < worker->plan->region_count; i++) keep_level(worker, i, now_ns);
    }
    uint64_t next = next_update(worker, now_ns);
    if (next != UINT64_MAX && !timers_set(worker->timers, &worker->arrival, next))
        worker->recorder.failed = true;
}

void dispatch_arrivals(struct worker *worker, uint64_t now_ns)
{
    for (size_t i = 0; i < worker->plan->region_count; i++) take_arrivals(worker, i, now_ns);
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

/* Lets virtual users dial as the connect rate allows; idle time is not saved up for a burst. */
static void pace(struct worker *worker, uint64_t now_ns)
{
    double rate = worker->plan->profile->load.connect_rate / (double)lane_stride(&worker->lane);
    uint64_t gap_ns = (uint64_t)((double)NS_PER_S / rate);
    while (worker->queue_first != NULL) {
        if (worker->next_dial_ns > now_ns) {
            (void)timers_set(worker->timers, &worker->pacing, worker->next_dial_ns);
            return;
        }
        /* A timer that fired late may catch up what it missed, but no more than a few. */
        uint64_t floor_ns = now_ns > 5 * gap_ns ? now_ns - 5 * gap_ns : 0;
        if (worker->next_dial_ns < floor_ns) worker->next_dial_ns = worker->queue_first->try_due_ns;
        if (worker->next_dial_ns < floor_ns) worker->next_dial_ns = floor_ns;
        worker->next_dial_ns += gap_ns;
        struct virtual_user *user = worker->queue_first;
        dispatch_forget(worker, user);
        if (is_open_model(worker) && user->attempt == 1 && !user->again && user->interaction == 1 &&
            now_ns <= user->try_due_ns + (uint64_t)DISPATCH_LATE_NS) {
            (void)recorder_at(&worker->recorder, now_ns);
            worker->recorder.handover->achieved++;
        }
        virtual_user_dial(user, now_ns);
    }
}

void dispatch_dial(struct worker *worker, struct virtual_user *user, uint64_t now_ns)
{
    user->queued = true;
    user->queued_next = NULL;
    if (worker->queue_last == NULL) {
        worker->queue_first = user;
    } else {
        worker->queue_last->queued_next = user;
    }
    worker->queue_last = user;
    if (worker->pacing.place == 0) pace(worker, now_ns);
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
    return !is_open_model(user->worker) && user->plan.slot >= wanted_slots(user->worker, now_ns);
}

void dispatch_stop(struct worker *worker)
{
    timers_cancel(worker->timers, &worker->arrival);
}

void dispatch_start(struct worker *worker)
{
    const struct engine_plan *plan = worker->plan;
    worker->arrival.fire = on_arrival;
    worker->pacing.fire = on_pacing;
    for (size_t i = 0; i < plan->region_count; i++) {
        struct share *share = &worker->shares[i];
        arrivals_init(&share->arrivals, &plan->profile->load, plan->seed,
                      random_stream(plan->profile->regions[i].name));
        if (is_open_model(worker)) next_arrival(worker, share);
    }
    (void)timers_set(worker->timers, &worker->arrival, plan->clock.mono_origin_ns);
}
