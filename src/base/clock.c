#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    if (clock_gettime(id, &ts) != 0) return 0;
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
    return (uint64_t)read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t clock_thread_cpu_ns(void)
{
    return (uint64_t)read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* Exact while speed is 1; at other speeds a replay may lose nanoseconds to rounding. */
static int64_t scale(int64_t ns, double factor)
{
    if (factor == 1.0) return ns;
    return (int64_t)((double)ns * factor);
}

int64_t run_clock_wall_at(const struct run_clock *clock, uint64_t mono_ns)
{
    return clock->wall_origin_ns + scale((int64_t)(mono_ns - clock->mono_origin_ns), clock->speed);
}

uint64_t run_clock_mono_at(const struct run_clock *clock, int64_t elapsed_ns)
{
    return clock->mono_origin_ns + (uint64_t)scale(elapsed_ns, 1.0 / clock->speed);
}

int64_t run_clock_elapsed(const struct run_clock *clock, uint64_t mono_ns)
{
    if (mono_ns <= clock->mono_origin_ns) return 0;
    return scale((int64_t)(mono_ns - clock->mono_origin_ns), clock->speed);
}

int64_t whole_us(int64_t ns)
{
    return ns / NS_PER_US + (ns % NS_PER_US >= NS_PER_US / 2 ? 1 : 0);
}

int64_t run_clock_of_real(const struct run_clock *clock, int64_t real_ns)
{
    return scale(real_ns, clock->speed);
}

int64_t run_clock_to_real(const struct run_clock *clock, int64_t run_ns)
{
    return scale(run_ns, 1.0 / clock->speed);
}
