/* The generator's own health over one or more intervals: whether its figures can be believed. */
#ifndef RUSHHOUR_RECORD_HEALTH_H
#define RUSHHOUR_RECORD_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* Limits past which figures are invalid: our own delay would be read as the service's. */
#define HEALTH_LATE_NS INT64_C(20000000) /* a loop or an attempt sent later than this is late */
#define HEALTH_LATE_SHARE 0.01 /* so many of them may be: the P99 of our own delay is the limit */
#define HEALTH_CPU 0.90
#define HEALTH_ACHIEVED 0.95
#define HEALTH_OWN_SHARE 0.001 /* so many attempts may fail by our own side: a trace */
#define HEALTH_SHORTFALL                                                                           \
    1 /* sessions: one that is due at an interval's end may be dialled in the next */

/* Every count adds up over intervals, so that any stretch of time can be judged as a whole. */
struct health {
    uint64_t loops, loops_late; /* a 10 ms timer's firings, and how many came over HEALTH_LATE_NS
                                   late */
    uint64_t dispatches,
        dispatches_late;          /* attempts sent, and how many over HEALTH_LATE_NS after they were
                                     due */
    uint64_t requested, achieved; /* open model: arrivals due, and dialled in time; closed model: 0,
                                     0 */
    uint64_t wall_ms;             /* real time that `cpu` was taken over */
    double cpu;                   /* the busiest worker's share of one core */
    int64_t loop_delay_p99_ns, loop_delay_max_ns; /* the worst worker, the worst interval: for
                                                     display */
    int64_t lag_p99_ns, lag_max_ns;
    uint64_t attempts,
        own_failures; /* that ended, and of these the ones that our own side failed */
    double cpu_quota; /* cores that the container allows; 0: no quota */
    uint64_t cpu_periods, cpu_throttled; /* periods of it, and those in which it was used up */
    bool valid;
    char why[160]; /* "" when valid: the limit that was passed, with its value */
};

/* Sets valid and why from the counts. */
void health_judge(struct health *health);

/* Adds the counts, weighs cpu by real time, keeps the worse of the displayed delays, and judges the
 * whole again. */
void health_merge(struct health *into, const struct health *from);

#endif
