#include "record/health.h"

#include <stdio.h>

static bool too_slow(struct health *health, const char *what, int64_t p99_ns, int64_t limit_ns)
{
    if (p99_ns <= limit_ns) return false;
    (void)snprintf(health->why, sizeof health->why, "%s P99 %.1f ms, over the limit of %.0f ms", what,
                   (double)p99_ns / 1e6, (double)limit_ns / 1e6);
    return true;
}

static bool too_busy(struct health *health)
{
    if (health->cpu <= HEALTH_CPU) return false;
    (void)snprintf(health->why, sizeof health->why,
                   "a worker used %.0f%% of a core, over the limit of %.0f%%", 100 * health->cpu,
                   100 * HEALTH_CPU);
    return true;
}

static bool fell_short(struct health *health)
{
    if (health->requested <= health->achieved + HEALTH_SHORTFALL) return false;
    double share = (double)health->achieved / (double)health->requested;
    if (share >= HEALTH_ACHIEVED) return false;
    (void)snprintf(health->why, sizeof health->why, "%.1f%% of the requested load was reached, under %.0f%%",
                   100 * share, 100 * HEALTH_ACHIEVED);
    return true;
}

void health_judge(struct health *health)
{
    health->why[0] = '\0';
    health->valid =
        !too_slow(health, "loop delay", health->loop_delay_p99_ns, HEALTH_LOOP_DELAY_P99_NS) &&
        !too_slow(health, "dispatch delay", health->dispatch_delay_p99_ns, HEALTH_DISPATCH_DELAY_P99_NS) &&
        !too_busy(health) && !fell_short(health);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void health_merge(struct health *into, const struct health *from)
{
    into->loop_delay_p99_ns = later(into->loop_delay_p99_ns, from->loop_delay_p99_ns);
    into->loop_delay_max_ns = later(into->loop_delay_max_ns, from->loop_delay_max_ns);
    into->dispatch_delay_p99_ns = later(into->dispatch_delay_p99_ns, from->dispatch_delay_p99_ns);
    into->dispatch_delay_max_ns = later(into->dispatch_delay_max_ns, from->dispatch_delay_max_ns);
    into->cpu = into->cpu > from->cpu ? into->cpu : from->cpu;
    into->requested += from->requested;
    into->achieved += from->achieved;
    health_judge(into);
}
