#include "engine/collector.h"

#include "base/limits.h"
#include "base/memory.h"
#include "engine/interval_grid.h"
#include "engine/own_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The state of one worker during an unfinished interval. */
struct pulse {
    uint64_t cpu_ns, wall_ns;
    uint64_t pauses, paused_ns;
};

/* An interval that not all workers have closed. */
struct pending {
    struct pending *next;
    uint64_t interval;
    struct cell *cells;
    struct histogram *loop_delay;
    struct pulse *pulses; /* one per worker */
    struct health counts; /* of the handovers so far, as far as they simply add up */
};

struct collector {
    struct mailbox *mailbox;
    struct run_writer *writer;
    struct interval_grid grid;
    double speed;     /* of the run's clock */
    int64_t ended_ns; /* when the last worker ended, ns since 1970 UTC by the run's clock */
    unsigned workers, finished;
    size_t region_count;
    struct pending *pending; /* by interval, ascending */
    uint64_t *closed;        /* per worker: it has closed all intervals below this one */
    bool *done;              /* per worker: it has posted its final handover */
    struct cell *totals;
    struct levels *levels;
    struct hold_view *holding_by_worker, *holding; /* [worker * region_count + region] */
    struct holds holds;
    struct trial_sums *trials;    /* per region, not yet taken */
    struct health health, latest; /* of the run so far, and of the last interval written */
    bool health_known;
    struct loop_turns peer, peer_counted; /* so far, and those in the intervals written */
    struct histogram *loop_delay;         /* of the run so far */
    struct cpu_quota quota;               /* as it was at the end of the last interval */
    struct error failure;                 /* the first failure */
};

/* ---- pending intervals ---- */

static void pending_free(struct pending *pending, size_t region_count)
{
    if (pending == NULL) return;
    for (size_t i = 0; pending->cells != NULL && i < region_count; i++)
        cell_free(&pending->cells[i]);
    free(pending->cells);
    free(pending->pulses);
    histogram_free(pending->loop_delay);
    free(pending);
}

static struct pending *pending_new(const struct collector *collector, uint64_t interval,
                                   const struct histogram *like)
{
    struct pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL) return NULL;
    pending->interval = interval;
    pending->cells = calloc(collector->region_count, sizeof *pending->cells);
    pending->pulses = calloc(collector->workers, sizeof *pending->pulses);
    pending->loop_delay = histogram_new(like->lowest, like->highest, like->digits);
    if (pending->cells != NULL && pending->pulses != NULL && pending->loop_delay != NULL)
        return pending;
    pending_free(pending, collector->region_count);
    return NULL;
}

static struct pending *pending_of(struct collector *collector, uint64_t interval,
                                  const struct histogram *like)
{
    struct pending **at = &collector->pending;
    while (*at != NULL && (*at)->interval < interval) at = &(*at)->next;
    if (*at != NULL && (*at)->interval == interval) return *at;
    struct pending *pending = pending_new(collector, interval, like);
    if (pending == NULL) return NULL;
    pending->next = *at;
    *at = pending;
    return pending;
}

/* ---- health ---- */

static void add_lag(const struct pending *pending, size_t region_count, struct health *health)
{
    struct histogram *lags = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    if (lags == NULL) return;
    for (size_t i = 0; i < region_count; i++) {
        if (pending->cells[i].latency[METRIC_LAG] != NULL)
            histogram_add(lags, pending->cells[i].latency[METRIC_LAG]);
    }
    health->lag_p99_ns = histogram_percentile(lags, 99) * NS_PER_US;
    health->lag_max_ns = histogram_max(lags) * NS_PER_US;
    health->dispatches = lags->total;
    health->dispatches_late = histogram_count_above(lags, HEALTH_LATE_NS / NS_PER_US);
    histogram_free(lags);
}

static void add_own_failures(const struct pending *pending, size_t region_count,
                             struct health *health)
{
    for (size_t i = 0; i < region_count; i++) {
        const struct counters *c = &pending->cells[i].counters;
        health->own_failures += c->own_failures;
        health->attempts += c->attempts_ok + c->attempts_failed + c->own_failures;
    }
}

/* Adds what the container's quota did since the previous interval. */
static void add_quota(struct collector *collector, struct health *health)
{
    struct cpu_quota now;
    if (!cpu_quota_read("/proc/self/cgroup", "/sys/fs/cgroup", &now)) return;
    health->cpu_quota = now.cores;
    if (now.periods >= collector->quota.periods && now.throttled >= collector->quota.throttled) {
        health->cpu_periods = now.periods - collector->quota.periods;
        health->cpu_throttled = now.throttled - collector->quota.throttled;
    }
    collector->quota = now;
}

/* Adds the turns of the other loop that no interval has yet. */
static void add_peer(struct collector *collector, struct health *health)
{
    struct loop_turns since = loop_turns_since(&collector->peer, &collector->peer_counted);
    health->loops += since.all;
    health->loops_late += since.late;
    health->simulator_loops += since.all;
    health->simulator_loops_late += since.late;
}

static struct health health_of(struct collector *collector, const struct pending *pending)
{
    struct health health = pending->counts;
    health.loop_delay_p99_ns = histogram_percentile(pending->loop_delay, 99) * NS_PER_US;
    health.loop_delay_max_ns = histogram_max(pending->loop_delay) * NS_PER_US;
    health.loops = pending->loop_delay->total;
    health.loops_late = histogram_count_above(pending->loop_delay, HEALTH_LATE_NS / NS_PER_US);
    add_lag(pending, collector->region_count, &health);
    add_own_failures(pending, collector->region_count, &health);
    for (size_t i = 0; i < collector->region_count; i++)
        own_share_count(&pending->cells[i], collector->speed, &health);
    add_quota(collector, &health);
    add_peer(collector, &health);
    for (unsigned i = 0; i < collector->workers; i++) {
        const struct pulse *pulse = &pending->pulses[i];
        double share = pulse->wall_ns > 0 ? (double)pulse->cpu_ns / (double)pulse->wall_ns : 0;
        if (share > health.cpu) health.cpu = share;
        if (pulse->wall_ns / 1000000 > health.wall_ms) health.wall_ms = pulse->wall_ns / 1000000;
        /* the machine pauses all of them at once */
        if (pulse->pauses > health.pauses) health.pauses = pulse->pauses;
        if (pulse->paused_ns / 1000000 > health.paused_ms)
            health.paused_ms = pulse->paused_ns / 1000000;
    }
    health_judge(&health);
    return health;
}

/* ---- writing ---- */

/* The last interval ends with the run, rounded up to a whole millisecond, since that is the
 * resolution of the files and a row's time must lie inside. */
static int64_t end_of(const struct collector *collector, const struct pending *pending)
{
    int64_t whole =
        collector->grid.origin_ns + interval_grid_end_ns(&collector->grid, pending->interval);
    bool last = collector->finished == collector->workers && pending->next == NULL;
    if (!last || collector->ended_ns == INT64_MIN) return whole;
    int64_t ended = collector->ended_ns + NS_PER_MS;
    return ended < whole ? ended : whole;
}

static enum err_code write_interval(struct collector *collector, const struct pending *pending)
{
    struct health health = health_of(collector, pending);
    collector->latest = health;
    if (collector->health_known) {
        health_merge(&collector->health, &health);
    } else {
        collector->health = health;
        collector->health_known = true;
    }
    int64_t origin = collector->grid.origin_ns;
    int64_t start = origin + interval_grid_start_ns(&collector->grid, pending->interval);
    return run_writer_interval(collector->writer, start, end_of(collector, pending), pending->cells,
                               &health, &collector->failure);
}

/* Writes what every worker has closed, in order. An interval through which every worker slept has
 * no row. */
static enum err_code write_finished(struct collector *collector)
{
    uint64_t ready = UINT64_MAX;
    for (unsigned i = 0; i < collector->workers; i++) {
        if (collector->closed[i] < ready) ready = collector->closed[i];
    }
    while (collector->pending != NULL && collector->pending->interval < ready) {
        struct pending *first = collector->pending;
        enum err_code code = write_interval(collector, first);
        collector->pending = first->next;
        pending_free(first, collector->region_count);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

/* ---- receiving ---- */

static bool merge_handover(struct collector *collector, const struct handover *handover)
{
    struct pending *pending = pending_of(collector, handover->interval, handover->loop_delay);
    if (pending == NULL) return false;
    for (size_t i = 0; i < collector->region_count; i++) {
        if (!cell_merge(&pending->cells[i], &handover->cells[i])) return false;
        if (!cell_merge(&collector->totals[i], &handover->cells[i])) return false;
        collector->trials[i].at_risk += handover->trials[i].at_risk;
        collector->trials[i].first_failures += handover->trials[i].first_failures;
        collector->holding_by_worker[handover->worker * collector->region_count + i] =
            handover->holding[i];
    }
    for (size_t i = 0; i < handover->holds.count; i++) {
        if (!holds_add(&collector->holds, &handover->holds.spans[i])) return false;
    }
    collector->holds.left_out += handover->holds.left_out;
    if (!levels_take(collector->levels, handover->worker, &handover->changes, handover->final))
        return false;
    histogram_add(pending->loop_delay, handover->loop_delay);
    histogram_add(collector->loop_delay, handover->loop_delay);
    pending->pulses[handover->worker].cpu_ns += handover->cpu_ns;
    pending->pulses[handover->worker].wall_ns += handover->wall_ns;
    pending->pulses[handover->worker].pauses += handover->pauses;
    pending->pulses[handover->worker].paused_ns += handover->paused_ns;
    handover_count(handover, &pending->counts);
    return true;
}

static void close_for_worker(struct collector *collector, const struct handover *handover)
{
    if (handover->closes && collector->closed[handover->worker] <= handover->interval) {
        collector->closed[handover->worker] = handover->interval + 1;
    }
    if (handover->final && !collector->done[handover->worker]) {
        collector->done[handover->worker] = true;
        collector->closed[handover->worker] = UINT64_MAX;
        if (handover->ended_ns > collector->ended_ns) collector->ended_ns = handover->ended_ns;
        collector->finished++;
    }
}

static enum err_code take_handover(struct collector *collector, const struct handover *handover)
{
    if (handover->failed || memory_ran_out() || !merge_handover(collector, handover))
        return error_set(&collector->failure, ERR_NOMEM,
                         "memory ran out while recording: the figures would be incomplete; use "
                         "fewer sessions or regions");
    /* Evidence first: no row may report a failure that has no record. */
    enum err_code code =
        run_writer_failures(collector->writer, &handover->failures, &collector->failure);
    if (code == ERR_OK)
        code = run_writer_attempts(collector->writer, &handover->attempts, &collector->failure);
    return code;
}

/* Held by any is held; until the last of them is over. */
static struct hold_view sum_holding(const struct collector *collector, size_t region)
{
    struct hold_view sum = {.code = ""};
    for (unsigned worker = 0; worker < collector->workers; worker++) {
        const struct hold_view *one =
            &collector->holding_by_worker[worker * collector->region_count + region];
        if (!one->on) continue;
        if (!sum.on) sum.code = one->code;
        sum.on = true;
        sum.hopeless = sum.hopeless || one->hopeless;
        if (one->until_utc_ns > sum.until_utc_ns) sum.until_utc_ns = one->until_utc_ns;
    }
    return sum;
}

/* Of an interval through which every worker slept nothing is known. */
static void measure_levels(struct collector *collector)
{
    uint64_t interval;
    const struct concurrency *stretch;
    while ((stretch = levels_next(collector->levels, &interval)) != NULL) {
        struct pending *pending = collector->pending;
        while (pending != NULL && pending->interval < interval) pending = pending->next;
        if (pending == NULL || pending->interval != interval) continue;
        for (size_t i = 0; i < collector->region_count; i++) {
            concurrency_follow(&pending->cells[i].concurrency, &stretch[i]);
            concurrency_follow(&collector->totals[i].concurrency, &stretch[i]);
        }
    }
}

enum err_code collector_take(struct collector *collector, struct error *err)
{
    struct handover *next;
    for (struct handover *handover = mailbox_take(collector->mailbox); handover != NULL;
         handover = next) {
        next = handover->next;
        if (collector->failure.code == ERR_OK) (void)take_handover(collector, handover);
        close_for_worker(collector, handover);
        mailbox_return(collector->mailbox, handover);
    }
    for (size_t i = 0; i < collector->region_count; i++)
        collector->holding[i] = sum_holding(collector, i);
    measure_levels(collector);
    if (collector->failure.code == ERR_OK) (void)write_finished(collector);
    if (collector->failure.code != ERR_OK && err != NULL) *err = collector->failure;
    return collector->failure.code;
}

/* ---- interface ---- */

void collector_peer_turns(struct collector *collector, const struct loop_turns *turns)
{
    collector->peer = *turns;
}

enum err_code collector_new(struct mailbox *mailbox, struct run_writer *writer,
                            const struct run_clock *clock, int64_t interval_ns, unsigned workers,
                            struct collector **out, struct error *err)
{
    struct collector *collector = calloc(1, sizeof *collector);
    if (collector == NULL) return error_set(err, ERR_NOMEM, "no memory for the collector");
    size_t regions = mailbox->region_count;
    collector->mailbox = mailbox;
    collector->writer = writer;
    collector->grid =
        (struct interval_grid){.origin_ns = clock->wall_origin_ns, .length_ns = interval_ns};
    collector->speed = clock->speed;
    collector->ended_ns = INT64_MIN;
    collector->workers = workers;
    collector->region_count = regions;
    collector->closed = calloc(workers, sizeof *collector->closed);
    collector->done = calloc(workers, sizeof *collector->done);
    collector->totals = calloc(regions, sizeof *collector->totals);
    collector->levels = levels_new(workers, regions, &collector->grid);
    collector->holding_by_worker = calloc(workers * regions, sizeof *collector->holding_by_worker);
    collector->holding = calloc(regions, sizeof *collector->holding);
    collector->trials = calloc(regions, sizeof *collector->trials);
    collector->loop_delay = histogram_new(1, LOOP_DELAY_HIGHEST_US, 2);
    collector->health.valid = true;
    (void)cpu_quota_read("/proc/self/cgroup", "/sys/fs/cgroup", &collector->quota);
    if (collector->closed == NULL || collector->done == NULL || collector->totals == NULL ||
        collector->levels == NULL || collector->holding_by_worker == NULL ||
        collector->holding == NULL || collector->trials == NULL || collector->loop_delay == NULL) {
        collector_free(collector);
        return error_set(err, ERR_NOMEM, "no memory for the collector");
    }
    *out = collector;
    return ERR_OK;
}

void collector_free(struct collector *collector)
{
    if (collector == NULL) return;
    while (collector->pending != NULL) {
        struct pending *next = collector->pending->next;
        pending_free(collector->pending, collector->region_count);
        collector->pending = next;
    }
    for (size_t i = 0; collector->totals != NULL && i < collector->region_count; i++)
        cell_free(&collector->totals[i]);
    free(collector->totals);
    histogram_free(collector->loop_delay);
    free(collector->closed);
    free(collector->done);
    levels_free(collector->levels);
    free(collector->holding_by_worker);
    free(collector->holding);
    holds_free(&collector->holds);
    free(collector->trials);
    free(collector);
}

unsigned collector_finished(const struct collector *collector)
{
    return collector->finished;
}

const struct cell *collector_totals(const struct collector *collector)
{
    return collector->totals;
}

const uint64_t *collector_sessions_open(const struct collector *collector)
{
    return levels_now(collector->levels, LEVEL_OPEN);
}

const uint64_t *collector_in_flight(const struct collector *collector)
{
    return levels_now(collector->levels, LEVEL_FLIGHT);
}

const struct hold_view *collector_holding(const struct collector *collector)
{
    return collector->holding;
}

const struct holds *collector_holds(const struct collector *collector)
{
    return &collector->holds;
}

const struct health *collector_health(const struct collector *collector)
{
    return &collector->health;
}

int64_t collector_loop_delay_ns(const struct collector *collector, double percentile)
{
    return histogram_percentile(collector->loop_delay, percentile) * NS_PER_US;
}

const struct health *collector_latest(const struct collector *collector)
{
    return collector->health_known ? &collector->latest : NULL;
}

struct trial_sums collector_take_trials(struct collector *collector, size_t region)
{
    struct trial_sums sums = collector->trials[region];
    collector->trials[region] = (struct trial_sums){0};
    return sums;
}
