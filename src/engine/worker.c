#include "engine/worker.h"

#include "base/clock.h"
#include "base/memory.h"
#include "engine/dispatch.h"
#include "engine/driver.h"
#include "engine/routing.h"
#include "engine/virtual_user.h"
#include "service/session.h"

#include <stddef.h>
#include <stdlib.h>

#define WORKER_OF(pointer, member)                                                                 \
    ((struct worker *)((char *)(pointer)-offsetof(struct worker, member)))

void worker_awake(struct worker *worker, uint64_t now_ns)
{
    const uint64_t paused_ns = attention_at(&worker->attention, now_ns);
    if (paused_ns == 0) return;
    (void)recorder_at(&worker->recorder, now_ns);
    worker->recorder.handover->pauses++;
    worker->recorder.handover->paused_ns += paused_ns;
    if (paused_ns >= (uint64_t)SESSION_PAUSE_LEAST_NS) worker->resumed_ns = now_ns;
    for (struct driver *driver = worker->drivers; driver != NULL; driver = driver->next)
        driver_pause(driver, paused_ns, now_ns);
}

bool worker_paused_since(const struct worker *worker, uint64_t since_ns)
{
    return since_ns < worker->resumed_ns;
}

static void record_stamps(struct worker *worker)
{
    const struct receive_stamps now = carriers_stamps(&worker->carriers);
    worker->recorder.handover->stamps_kernel += now.kernel - worker->stamps.kernel;
    worker->recorder.handover->stamps_loop += now.loop - worker->stamps.loop;
    worker->stamps = now;
}

static void on_turn(struct loop_gauge *gauge, uint64_t now_ns, int64_t late_ns)
{
    struct worker *worker = WORKER_OF(gauge, gauge);
    worker_awake(worker, now_ns);
    (void)recorder_at(&worker->recorder, now_ns);
    (void)histogram_record(worker->recorder.handover->loop_delay, late_ns / NS_PER_US, 1);
    lateness_turn(&worker->lateness, now_ns, late_ns);
    record_stamps(worker);
}

int64_t worker_doubt(const struct worker *worker, const struct conversation *conversation,
                     uint64_t at_ns, uint64_t now_ns)
{
    const struct receive_stamps stamps = carriers_stamps(&worker->carriers);
    const struct told told = {.at_ns = at_ns,
                              .now_ns = now_ns,
                              .due_ns = worker->gauge.due_ns,
                              .behind_ns = stamps.behind_ns,
                              .by_loop = stamps.loop_last};
    const int64_t doubt_ns = lateness_doubt(&worker->lateness, &told);
    if (doubt_ns == 0 || stamps.loop_last) return doubt_ns;
    /* the last of its read has the stamp of its own */
    return conversation->transport->unread(conversation) ? doubt_ns : 0;
}

/* The load is over and none of it is held back any more. */
static void end_holds(struct worker *worker, uint64_t now_ns)
{
    worker->recorder.load_over_ns = now_ns;
    for (size_t i = 0; i < worker->plan->region_count; i++) {
        struct hold *const holds[] = {&worker->regions[i].hold, &worker->regions[i].shortage};
        for (size_t h = 0; h < sizeof holds / sizeof *holds; h++) {
            if (hold_close(holds[h], now_ns)) recorder_hold(&worker->recorder, i, holds[h], now_ns);
        }
    }
}

/* Ends the load. With `arrived_stay`, whoever came in its last moments still gets the first turn,
 * though the dial is waiting; those who wait for long already are given up, since a backlog of them
 * would draw out the end. */
static void drain(struct worker *worker, uint64_t now_ns, bool arrived_stay)
{
    if (worker->draining) return;
    if (arrived_stay) dispatch_arrivals(worker, now_ns);
    worker->draining = true;
    (void)recorder_at(&worker->recorder, now_ns);
    dispatch_stop(worker, arrived_stay, now_ns);
    end_holds(worker, now_ns);
    struct virtual_user *next;
    for (struct virtual_user *user = worker->virtual_users; user != NULL; user = next) {
        next = user->next;
        bool stays = arrived_stay && user->interaction == 1 && !user->held &&
                     dispatch_is_in_time(user, now_ns);
        if (!stays) virtual_user_leave(user, now_ns);
    }
    worker_check_over(worker);
}

static void abandon(struct worker *worker, uint64_t now_ns)
{
    drain(worker, now_ns, false);
    struct virtual_user *next_user;
    for (struct virtual_user *user = worker->virtual_users; user != NULL; user = next_user) {
        next_user = user->next;
        virtual_user_abandon(user, now_ns);
    }
    for (struct driver *driver = worker->drivers; driver != NULL; driver = driver->next) {
        driver_abandon(driver, now_ns);
    }
}

static void tell_trials(struct worker *worker, uint64_t now_ns)
{
    (void)recorder_at(&worker->recorder, now_ns);
    for (size_t i = 0; i < worker->plan->region_count; i++)
        trials_tick(&worker->regions[i].trials, &worker->recorder.handover->trials[i]);
}

static void on_tick(struct timer *timer, uint64_t now_ns)
{
    struct worker *worker = WORKER_OF(timer, tick);
    tell_trials(worker, now_ns);
    recorder_flush(&worker->recorder, now_ns);
    purse_look(worker->plan->purse);
    bool open = worker->plan->profile->load.model == LOAD_ARRIVALS;
    if (run_clock_elapsed(&worker->plan->clock, now_ns) >= worker->plan->load_ns)
        drain(worker, now_ns, open);
    if (worker->over) return;
    uint64_t next = now_ns + timing_tick_ns(worker->plan->clock.speed);
    uint64_t end = run_clock_mono_at(&worker->plan->clock, worker->plan->load_ns);
    if (!worker->draining && end > now_ns && end < next) next = end + 1;
    /* An idle worker must still report the end of its interval, so that the collector can write
     * it. */
    if (worker->recorder.ends_ns > now_ns && worker->recorder.ends_ns < next)
        next = worker->recorder.ends_ns;
    (void)timers_set(worker->timers, &worker->tick, next);
}

/* Wakes whoever was refused with the old one. */
static void on_credential(void *user, size_t region)
{
    struct worker *worker = user;
    uint64_t now_ns = clock_mono_ns();
    struct hold *hold = &worker->regions[region].hold;
    if (hold->cause == HOLD_REPEATED && hold_lift(hold, now_ns)) {
        recorder_hold(&worker->recorder, region, hold, now_ns);
        virtual_user_hold_changed(worker, region, now_ns);
        virtual_user_wake(worker, region, now_ns);
    }
    struct virtual_user *next;
    for (struct virtual_user *u = worker->virtual_users; u != NULL; u = next) {
        next = u->next;
        if (u->region == region) virtual_user_on_credential(u, now_ns);
    }
}

/* The main thread has ended the load of a region: nobody asks there any more. */
static void end_regions(struct worker *worker, uint64_t now_ns)
{
    for (size_t i = 0; i < worker->plan->region_count; i++) {
        const char *code = atomic_load(&worker->ended[i]);
        if (code == NULL) continue;
        hold_for_good(&worker->regions[i].hold, code, now_ns);
        virtual_user_hold_changed(worker, i, now_ns);
    }
}

static void on_knock(uv_async_t *knock)
{
    struct worker *worker = knock->data;
    uint64_t now_ns = clock_mono_ns();
    credential_box_take(&worker->credentials, on_credential, worker);
    if (!worker->draining) end_regions(worker, now_ns);
    virtual_user_take_grants(worker, now_ns);
    int level = atomic_load(&worker->stop);
    if (level >= STOP_DRAIN || purse_is_over(worker->plan->purse)) drain(worker, now_ns, false);
    if (level >= STOP_NOW) abandon(worker, now_ns);
}

void worker_leave_chain(struct worker *worker, struct chain **chain)
{
    if (*chain == NULL) return;
    chain_release(*chain, &recorder_cell(&worker->recorder, (*chain)->region)->clusters);
    *chain = NULL;
}

void worker_check_over(struct worker *worker)
{
    if (worker->over || !worker->draining || worker->virtual_users != NULL ||
        worker->drivers != NULL)
        return;
    worker->over = true;
    timers_cancel(worker->timers, &worker->tick);
    loop_gauge_stop(&worker->gauge);
    timers_cancel(worker->timers, &worker->pacing);
    uv_stop(&worker->loop);
}

/* From any thread: the budget has something for this worker, or is over. */
static void on_budget(struct purse_listener *listener)
{
    (void)uv_async_send(&WORKER_OF(listener, listener)->knock);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    (void)uv_run(&worker->loop, UV_RUN_DEFAULT);
    uint64_t now_ns = clock_mono_ns();
    tell_trials(worker, now_ns);
    record_stamps(worker);
    recorder_finish(&worker->recorder, now_ns);
    memory_thread_ends();
    return NULL;
}

static enum err_code open_carriers(struct worker *worker, struct error *err)
{
    const struct engine_plan *plan = worker->plan;
    const struct target **targets = calloc(plan->region_count, sizeof *targets);
    if (targets == NULL) return error_set(err, ERR_NOMEM, "no memory for worker %u", worker->index);
    for (size_t i = 0; i < plan->region_count; i++) targets[i] = &plan->targets[i];
    const struct carriers_plan wanted = {
        .loop = &worker->loop,
        .targets = targets,
        .target_count = plan->region_count,
        .handlers = &driver_handlers,
    };
    enum err_code code = carriers_open(&worker->carriers, &wanted, err);
    free(targets);
    return code;
}

/* The plan of a region's own demand does not depend on the worker or on the other regions. */
static bool make_demands(struct worker *worker)
{
    const struct engine_plan *plan = worker->plan;
    const struct load *load = &plan->profile->load;
    size_t count = routing_demands(load->routing, plan->region_count);
    worker->demands = calloc(count, sizeof *worker->demands);
    if (worker->demands == NULL) return false;
    worker->demand_count = count;
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        uint64_t stream = random_stream(plan->profile->regions[i].name);
        all = demand_init(&worker->demands[i], load, &worker->lane, plan->seed, stream) && all;
    }
    return all;
}

static enum err_code set_up(struct worker *worker, struct mailbox *mailbox, struct error *err)
{
    const struct engine_plan *plan = worker->plan;
    worker->regions = calloc(plan->region_count, sizeof *worker->regions);
    worker->ended = calloc(plan->region_count, sizeof *worker->ended);
    if (worker->regions == NULL || worker->ended == NULL || !make_demands(worker) ||
        !credential_box_init(&worker->credentials, plan->region_count)) {
        return error_set(err, ERR_NOMEM, "no memory for worker %u", worker->index);
    }
    for (size_t i = 0; i < plan->region_count; i++) {
        worker->regions[i].hold.speed = plan->clock.speed;
        worker->regions[i].weight = plan->profile->regions[i].weight;
    }
    enum err_code code = recorder_init(&worker->recorder, mailbox, &plan->clock,
                                       plan->profile->windows.interval_ns, worker->index, err);
    worker->recorder.regions = worker->regions;
    worker->recorder.purse = plan->purse;
    for (size_t i = 0; i < plan->region_count; i++)
        worker->regions[i].price =
            prices_find(&plan->profile->prices, plan->profile->regions[i].model);
    if (code == ERR_OK) code = timers_new(&worker->loop, &worker->timers, err);
    if (code == ERR_OK) code = open_carriers(worker, err);
    return code;
}

enum err_code worker_init(struct worker *worker, const struct engine_plan *plan, unsigned index,
                          struct mailbox *mailbox, struct error *err)
{
    *worker = (struct worker){.plan = plan, .index = index};
    atomic_init(&worker->stop, STOP_NOT);
    worker->lane =
        (struct lane){.shard = plan->shard, .worker = {.index = index, .count = plan->workers}};
    int status = uv_loop_init(&worker->loop);
    if (status != 0)
        return error_set(err, ERR_NET, "cannot make an event loop: %s", uv_strerror(status));
    worker->loop.data = worker;
    status = uv_async_init(&worker->loop, &worker->knock, on_knock);
    if (status != 0) {
        (void)uv_loop_close(&worker->loop);
        worker->loop.data = NULL;
        return error_set(err, ERR_NET, "cannot make an event loop: %s", uv_strerror(status));
    }
    worker->knock.data = worker;
    worker->listener.wake = on_budget;
    purse_join(plan->purse, &worker->listener);
    enum err_code code = set_up(worker, mailbox, err);
    if (code != ERR_OK) worker_free(worker);
    return code;
}

enum err_code worker_start(struct worker *worker, struct error *err)
{
    uint64_t origin = worker->plan->clock.mono_origin_ns;
    /* Each worker gets its part of the limit, and at least one record. */
    uint64_t limit = worker->plan->profile->evidence_limit;
    worker->evidence_limit.limit = (limit + worker->plan->workers - 1) / worker->plan->workers;
    credential_box_take(&worker->credentials, NULL, NULL);
    worker->gauge.turn = on_turn;
    worker->tick.fire = on_tick;
    dispatch_start(worker);
    (void)loop_gauge_start(&worker->gauge, worker->timers, origin);
    (void)timers_set(worker->timers, &worker->tick, origin + 1);
    if (pthread_create(&worker->thread, NULL, run, worker) != 0) {
        return error_set(err, ERR_NOMEM, "cannot start worker thread %u", worker->index);
    }
    return ERR_OK;
}

void worker_stop(struct worker *worker, enum stop_level level)
{
    int seen = atomic_load(&worker->stop);
    while (seen < (int)level && !atomic_compare_exchange_weak(&worker->stop, &seen, (int)level)) {}
    (void)uv_async_send(&worker->knock);
}

void worker_end_region(struct worker *worker, size_t region, const char *code)
{
    atomic_store(&worker->ended[region], code);
    (void)uv_async_send(&worker->knock);
}

bool worker_hand_credential(struct worker *worker, size_t region,
                            const struct credential *credential)
{
    bool posted = credential_box_post(&worker->credentials, region, credential);
    (void)uv_async_send(&worker->knock);
    return posted;
}

void worker_free(struct worker *worker)
{
    if (worker->loop.data == NULL) return;
    if (worker->timers != NULL) timers_stop(worker->timers); /* the load is over, or never began */
    carriers_close(&worker->carriers);
    if (worker->timers != NULL) timers_close(worker->timers);
    uv_close((uv_handle_t *)&worker->knock, NULL);
    (void)uv_run(&worker->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&worker->loop);
    if (worker->recorder.mailbox != NULL) recorder_discard(&worker->recorder);
    credential_box_free(&worker->credentials);
    evidence_limit_free(&worker->evidence_limit);
    type_names_free(&worker->event_types);
    for (size_t i = 0; i < worker->demand_count; i++) demand_free(&worker->demands[i]);
    free(worker->demands);
    for (size_t i = 0; worker->regions != NULL && i < worker->plan->region_count; i++)
        trials_free(&worker->regions[i].trials);
    free(worker->regions);
    free(worker->ended);
    worker->loop.data = NULL;
}
