/* The machine's two clocks, and the clock of a run, which may run faster than the wall clock. */
#ifndef RUSHHOUR_BASE_CLOCK_H
#define RUSHHOUR_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* Monotonic time in ns (CLOCK_MONOTONIC, the same in every process on this machine). All durations
 * come from it. */
uint64_t clock_mono_ns(void);

/* Time of day in ns since 1970-01-01 UTC. Only for display and for the origin of a run_clock. */
int64_t clock_wall_ns(void);

/* CPU time that this thread has used, in ns (CLOCK_THREAD_CPUTIME_ID). */
uint64_t clock_thread_cpu_ns(void);

/* A duration rounded to the nearest microsecond; ns >= 0. */
int64_t whole_us(int64_t ns);

/*
 * The time of day as a run sees it: it starts at wall_origin_ns when the monotonic clock shows
 * mono_origin_ns, and runs at `speed` (1 against a real service; more only in a replay against the
 * simulator). A step of the system clock during a run therefore never affects a figure.
 */
struct run_clock {
    uint64_t mono_origin_ns;
    int64_t wall_origin_ns;
    double speed;
};

/* The run's time of day, in ns since 1970 UTC, at a monotonic time (which may be before the
 * origin). */
int64_t run_clock_wall_at(const struct run_clock *clock, uint64_t mono_ns);

/* The monotonic time at which `elapsed_ns` of run time have passed since the origin. */
uint64_t run_clock_mono_at(const struct run_clock *clock, int64_t elapsed_ns);

/* Run time elapsed since the origin, in ns, at a monotonic time; 0 before the origin. */
int64_t run_clock_elapsed(const struct run_clock *clock, uint64_t mono_ns);

/* How long a stretch of this machine's time is by the run's own clock, and the other way round. */
int64_t run_clock_of_real(const struct run_clock *clock, int64_t real_ns);
int64_t run_clock_to_real(const struct run_clock *clock, int64_t run_ns);

#endif
