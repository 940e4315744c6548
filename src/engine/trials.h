/*
 * What a worker's part of the abort rule is judged by: attempts at risk (of interaction chains
 * without a failure so far, a dial that fails included) and first failures among them, so that one
 * poisoned session and the retries that it costs count once.
 *
 * Trials are told in the order in which they began, never in that in which they ended: failures
 * that end early would else be seen before the successes that began beside them, and a healthy
 * region be judged by them. Those that began between two ticks of the worker are told together,
 * once all of them and all before have ended.
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

/* Of one region. Zero-initialise to start. */
struct trials {
    struct trial_group *groups; /* oldest first */
    size_t count, capacity;
    uint64_t first; /* number of groups[0], from 0 */
    bool open;      /* trials still begin in the last group */
};

enum trial_end { TRIAL_OK, TRIAL_FAILED, TRIAL_WITHDRAWN };

/* A trial begins; *group is what trials_end wants to hear. False without memory. */
bool trials_begin(struct trials *trials, uint64_t *group);

/* It ended; a withdrawn one (cancelled, or never sent) counts for nothing. */
void trials_end(struct trials *trials, uint64_t group, enum trial_end end);

/* A tick: later trials begin in a new group. Adds all that can be told now to *sums. */
void trials_tick(struct trials *trials, struct trial_sums *sums);

void trials_free(struct trials *trials);

#endif
