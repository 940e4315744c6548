/* The generator's own health over one or more intervals: whether its figures can be trusted. */
#ifndef RUSHHOUR_RECORD_HEALTH_H
#define RUSHHOUR_RECORD_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* Limits beyond which figures are invalid, because our own delay would be taken for the
 * service's. */
#define HEALTH_LATE_NS                                                                             \
    INT64_C(20000000) /* a loop iteration or an attempt sent later than this
                                            is late */
#define HEALTH_LATE_SHARE                                                                          \
    0.01 /* this share may be late: the limit is on the P99 of our own
                                  delay */
#define HEALTH_CPU 0.90
#define HEALTH_ERROR_NS INT64_C(5000000) /* the P99 of ttft may be off by this, or by a share */
#define HEALTH_ERROR_SHARE 0.05          /* of itself */
#define HEALTH_PAUSED_MS 2000 /* paused for so long and for over HEALTH_LATE_SHARE of the time */
#define HEALTH_ACHIEVED 0.95
#define HEALTH_OWN_SHARE 0.001 /* this share of attempts may fail on our side: a trace */
#define HEALTH_DIAL_LATE_NS INT64_C(250000000) /* an arrival dialled later than this is late */
#define HEALTH_SHORTFALL                                                                           \
    1 /* sessions: one that is due at an interval's end may be dialled in the next */

/* All counts add up over intervals, so that any period can be judged as a whole. */
struct health {
    uint64_t loops, loops_late; /* firings of a 10 ms timer of every worker and, in a rehearsal,
                                   of the simulator; and how many were more than HEALTH_LATE_NS
                                   late */
    uint64_t dispatches,
        dispatches_late;          /* attempts sent, and how many over HEALTH_LATE_NS after they were
                                     due */
    uint64_t requested, achieved; /* open model: arrivals due, and dialled; closed model: 0, 0 */
    uint64_t achieved_late;       /* dialled over HEALTH_DIAL_LATE_NS after they were due */
    uint64_t held;                /* of those due: held back by a hold of their region */
    uint64_t displaced;           /* of those due: dialled late or never only because failures'
                                     retries took their places at load.connect_rate, or their
                                     room */
    uint64_t pauses, paused_ms;   /* of this machine, over 100 ms each: how many ended, and for how
                                     long the worst worker did not look at its sockets */
    uint64_t stamps_kernel, stamps_loop; /* reads of open connections whose time is the kernel's
                                            receive stamp, and the clock at the read */
    uint64_t answers,
        answers_off;           /* answers whose ttft was recorded; and those for which it is over
                                      the P99 that it has without what is our own (sent late, or
                                      read late and without a time of its own), by HEALTH_ERROR_NS
                                      and HEALTH_ERROR_SHARE */
    uint64_t dials, dials_off; /* sessions that opened, and those during whose dial the loop was
                                  late by more than HEALTH_LATE_NS and HEALTH_ERROR_SHARE */
    uint64_t simulator_loops, simulator_loops_late; /* of `loops`, those of the simulator */
    uint64_t wall_ms;                               /* real time over which `cpu` was measured */
    double cpu;                                     /* the busiest worker's share of one core */
    int64_t loop_delay_p99_ns, loop_delay_max_ns;   /* worst worker, worst interval: for display */
    int64_t lag_p99_ns, lag_max_ns;
    uint64_t attempts,
        own_failures; /* attempts that ended, and those of them that failed on our side */
    double cpu_quota; /* cores allowed to the container; 0: no quota */
    uint64_t cpu_periods, cpu_throttled; /* periods of the quota, and those in which it was used
                                            up */
    bool valid;
    char why[640]; /* "" if valid; otherwise each limit that was exceeded, with the value; joined
                      by "; " */
};

/* Where the times of what was received come from: "kernel" if nearly all do, else "loop"; NULL if
 * nothing was received. */
const char *health_timestamps(const struct health *health);

/* The arrivals that were to be dialled: those due without those that a hold kept back. */
uint64_t health_wanted(const struct health *health);

/* Whether a value holds more of our own than it may: over least_ns and over HEALTH_ERROR_SHARE of
 * it. */
bool health_is_off(int64_t own_ns, int64_t value_ns, int64_t least_ns);

/*
 * Sets valid and why from the counts. Where the kernel stamped what arrived, a loop that is late
 * does not make a latency longer, and what is ours in each answer's ttft is known: that is judged,
 * and neither loops nor the CPU that they took. Otherwise these are judged, as the best there is.
 */
void health_judge(struct health *health);

/* Adds the counts, weights cpu by real time, keeps the worse of the displayed delays, and judges
 * the result. */
void health_merge(struct health *into, const struct health *from);

#endif
