/* The generator's own health over one interval: whether its figures can be believed. */
#ifndef RUSHHOUR_RECORD_HEALTH_H
#define RUSHHOUR_RECORD_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* Limits past which an interval is invalid: our own delay would be read as the service's. */
#define HEALTH_LOOP_DELAY_P99_NS INT64_C(20000000)
#define HEALTH_DISPATCH_DELAY_P99_NS INT64_C(20000000)
#define HEALTH_CPU 0.90
#define HEALTH_ACHIEVED 0.95
#define HEALTH_SHORTFALL 1 /* sessions: one that is due at an interval's end may be dialled in the next */

struct health {
    int64_t loop_delay_p99_ns, loop_delay_max_ns;         /* a 10 ms timer's lateness, the worst worker */
    int64_t dispatch_delay_p99_ns, dispatch_delay_max_ns; /* attempts sent minus due, the worst worker */
    double cpu;                                           /* the busiest worker's share of one core */
    uint64_t requested,
        achieved; /* open model: session arrivals due and dials begun; 0, 0 in the closed model */
    bool valid;
    char why[96]; /* "" when valid: the limit that was passed, with its value */
};

/* Sets valid and why from the figures. */
void health_judge(struct health *health);

/* The worse of both, figure by figure (requested and achieved add up), judged again. */
void health_merge(struct health *into, const struct health *from);

#endif
