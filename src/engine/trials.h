/*
 * A worker's input to the abort rule: attempts at risk (of interaction chains without a failure so
 * far, including a failed dial) and first failures among them, so that one poisoned session and the
 * retries it causes count once.
 *
 * Trials are reported in the order in which they began, not in which they ended: otherwise early
 * failures would be seen before the successes that began at the same time, and a healthy region be
 * judged by them. Those that began between two ticks of the worker are reported together, once all
 * of them and all before have ended.
 */
#ifndef RUSHHOUR_ENGINE_TRIALS_H
#define RUSHHOUR_ENGINE_TRIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trial_sums {
    uint64_t at_risk, first_failures;
};

/* Trials that began together. */
struct trial_group {
    uint64_t under_way;
    struct trial_sums sums;
};

/* For one region. Zero-initialise. */
struct trials {
    struct trial_group *groups; /* oldest first */
    size_t count, capacity;
    uint64_t first; /* number of groups[0], from 0 */
    bool open;      /* trials still begin in the last group */
};

enum trial_end { TRIAL_OK, TRIAL_FAILED, TRIAL_WITHDRAWN };

/* A trial begins; pass *group to trials_end later. False when out of memory. */
bool trials_begin(struct trials *trials, uint64_t *group);

/* It ended; a withdrawn one (cancelled, or never sent) does not count. */
void trials_end(struct trials *trials, uint64_t group, enum trial_end end);

/* A tick: later trials begin in a new group. Adds everything that can be reported now to *sums. */
void trials_tick(struct trials *trials, struct trial_sums *sums);

void trials_free(struct trials *trials);

#endif
