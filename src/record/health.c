#include "record/health.h"

#include "base/digits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Adds a reason to those that are there. */
static void add_why(struct health *health, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_why(struct health *health, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(health->why);
    if (used > 0) used += (size_t)snprintf(health->why + used, sizeof health->why - used, "; ");
    if (used >= sizeof health->why) return;
    va_start(arguments, format);
    (void)vsnprintf(health->why + used, sizeof health->why - used, format, arguments);
    va_end(arguments);
}

static struct digits percent_of(double share, double limit, int decimals)
{
    return digits_apart(100 * share, 100 * limit, decimals);
}

static bool is_too_much(uint64_t off, uint64_t all)
{
    return all > 0 && (double)off > HEALTH_LATE_SHARE * (double)all;
}

static void judge_lateness(struct health *health, const char *what, uint64_t late, uint64_t all)
{
    if (!is_too_much(late, all)) return;
    add_why(health, "%s%% of %s were over %.0f ms late, more than %.0f%%",
            percent_of((double)late / (double)all, HEALTH_LATE_SHARE, 1).text, what,
            (double)HEALTH_LATE_NS / 1e6, 100 * HEALTH_LATE_SHARE);
}

static void judge_answers(struct health *health)
{
    if (!is_too_much(health->answers_off, health->answers)) return;
    const double share = (double)health->answers_off / (double)health->answers;
    add_why(
        health,
        "%s%% of ttft values, more than %.0f%%, are over the P99 that they have without our own "
        "lateness, by over %.0f ms and %.0f%%",
        percent_of(share, HEALTH_LATE_SHARE, 1).text, 100 * HEALTH_LATE_SHARE,
        (double)HEALTH_ERROR_NS / 1e6, 100 * HEALTH_ERROR_SHARE);
}

static void judge_dials(struct health *health)
{
    if (!is_too_much(health->dials_off, health->dials)) return;
    const double share = (double)health->dials_off / (double)health->dials;
    add_why(health,
            "%s%% of dials, more than %.0f%%, took over %.0f ms and %.0f%% longer by our own "
            "lateness",
            percent_of(share, HEALTH_LATE_SHARE, 1).text, 100 * HEALTH_LATE_SHARE,
            (double)HEALTH_LATE_NS / 1e6, 100 * HEALTH_ERROR_SHARE);
}

bool health_is_off(int64_t own_ns, int64_t value_ns, int64_t least_ns)
{
    return own_ns > least_ns && (double)own_ns > HEALTH_ERROR_SHARE * (double)value_ns;
}

static void judge_cpu(struct health *health)
{
    if (health->cpu <= HEALTH_CPU) return;
    add_why(health, "a worker used %s%% of a core, over the limit of %.0f%%",
            percent_of(health->cpu, HEALTH_CPU, 0).text, 100 * HEALTH_CPU);
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

const char *health_timestamps(const struct health *health)
{
    const uint64_t all = health->stamps_kernel + health->stamps_loop;
    if (all == 0) return NULL;
    return health->stamps_loop * 100 <= all ? "kernel" : "loop";
}

uint64_t health_wanted(const struct health *health)
{
    /* one that is due in an interval may be kept back in the next, while it waits for its dial */
    return less(health->requested, health->held);
}

/* What failures of the service took from the load is no shortfall of ours. */
static bool is_short(const struct health *health, uint64_t dialled, double *share)
{
    const uint64_t wanted = less(health_wanted(health), health->displaced);
    if (wanted <= dialled + HEALTH_SHORTFALL) return false;
    *share = (double)dialled / (double)wanted;
    return *share < HEALTH_ACHIEVED;
}

/* A load that comes late is another one than was asked for, even when all of it comes. */
static void judge_load(struct health *health)
{
    double share;
    if (is_short(health, health->achieved, &share)) {
        add_why(health, "%s%% of the requested load was reached, under %.0f%%",
                percent_of(share, HEALTH_ACHIEVED, 1).text, 100 * HEALTH_ACHIEVED);
    } else if (is_short(health, less(health->achieved, health->achieved_late), &share)) {
        add_why(health,
                "%s%% of the requested load was reached within %.0f ms of being due, under "
                "%.0f%%: what dials waited for was load.connect_rate, or this machine",
                percent_of(share, HEALTH_ACHIEVED, 1).text, (double)HEALTH_DIAL_LATE_NS / 1e6,
                100 * HEALTH_ACHIEVED);
    }
}

static void judge_own_failures(struct health *health)
{
    if ((double)health->own_failures <= HEALTH_OWN_SHARE * (double)health->attempts) return;
    const double share = (double)health->own_failures / (double)health->attempts;
    add_why(health, "%s%% of attempts were failed by our own side, more than %.1f%%",
            percent_of(share, HEALTH_OWN_SHARE, 1).text, 100 * HEALTH_OWN_SHARE);
}

/* In a throttled container, throttling is the most likely reason for being late or short. */
static void name_quota(struct health *health)
{
    size_t used = strlen(health->why);
    if (health->valid || health->cpu_throttled == 0) return;
    (void)snprintf(health->why + used, sizeof health->why - used,
                   " (the container's CPU quota of %.2g cores held us up in %.0f%% of its periods)",
                   health->cpu_quota,
                   100 * (double)health->cpu_throttled / (double)health->cpu_periods);
}

/* What was answered across a long pause has no latency. */
static void judge_pauses(struct health *health)
{
    if (health->paused_ms < HEALTH_PAUSED_MS || !is_too_much(health->paused_ms, health->wall_ms))
        return;
    add_why(
        health, "this machine was paused for %.1f s, %s%% of the time, more than %.0f%%",
        (double)health->paused_ms / 1000,
        percent_of((double)health->paused_ms / (double)health->wall_ms, HEALTH_LATE_SHARE, 1).text,
        100 * HEALTH_LATE_SHARE);
}

/* Of what is ours in each value. */
static void judge_values(struct health *health)
{
    judge_answers(health);
    judge_dials(health);
    judge_pauses(health);
    judge_lateness(health, "loop turns of the simulator", health->simulator_loops_late,
                   health->simulator_loops);
}

void health_judge(struct health *health)
{
    health->why[0] = '\0';
    judge_own_failures(health);
    if (health->stamps_kernel > 0 && health->answers > 0) {
        judge_values(health);
    } else {
        judge_lateness(health, "loop turns", health->loops_late, health->loops);
        judge_lateness(health, "attempts sent", health->dispatches_late, health->dispatches);
        judge_cpu(health);
    }
    judge_load(health);
    health->valid = health->why[0] == '\0';
    name_quota(health);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void health_merge(struct health *into, const struct health *from)
{
    into->loop_delay_p99_ns = later(into->loop_delay_p99_ns, from->loop_delay_p99_ns);
    into->loop_delay_max_ns = later(into->loop_delay_max_ns, from->loop_delay_max_ns);
    into->lag_p99_ns = later(into->lag_p99_ns, from->lag_p99_ns);
    into->lag_max_ns = later(into->lag_max_ns, from->lag_max_ns);
    uint64_t wall_ms = into->wall_ms + from->wall_ms;
    if (wall_ms > 0) {
        into->cpu = (into->cpu * (double)into->wall_ms + from->cpu * (double)from->wall_ms) /
                    (double)wall_ms;
    }
    into->wall_ms = wall_ms;
    into->loops += from->loops;
    into->loops_late += from->loops_late;
    into->dispatches += from->dispatches;
    into->dispatches_late += from->dispatches_late;
    into->requested += from->requested;
    into->achieved += from->achieved;
    into->held += from->held;
    into->achieved_late += from->achieved_late;
    into->displaced += from->displaced;
    into->pauses += from->pauses;
    into->paused_ms += from->paused_ms;
    into->stamps_kernel += from->stamps_kernel;
    into->stamps_loop += from->stamps_loop;
    into->answers += from->answers;
    into->answers_off += from->answers_off;
    into->dials += from->dials;
    into->dials_off += from->dials_off;
    into->simulator_loops += from->simulator_loops;
    into->simulator_loops_late += from->simulator_loops_late;
    into->attempts += from->attempts;
    into->own_failures += from->own_failures;
    if (from->cpu_quota > 0) into->cpu_quota = from->cpu_quota;
    into->cpu_periods += from->cpu_periods;
    into->cpu_throttled += from->cpu_throttled;
    health_judge(into);
}
