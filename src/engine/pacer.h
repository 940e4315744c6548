/* When load is due: the stages of a profile as a level over time. Pure: elapsed time in, level or
 * due time out. */
#ifndef RUSHHOUR_ENGINE_PACER_H
#define RUSHHOUR_ENGINE_PACER_H

#include "base/random.h"
#include "engine/shard.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stdint.h>

/* The target at a time since the start of the load: sessions, or arrivals per second. 0 after the
 * last stage. */
double pacer_level(const struct load *load, int64_t elapsed_ns);

/* Closed model: how many sessions are wanted at a time, at most load.max_sessions. */
uint64_t pacer_sessions(const struct load *load, int64_t elapsed_ns);

/* The expected number of arrivals from the start until then: the integral of the rate. */
double pacer_expected(const struct load *load, int64_t elapsed_ns);

/* When the expected number of arrivals reaches `count`; false if the load ends before. The inverse
 * of pacer_expected. */
bool pacer_when(const struct load *load, double count, int64_t *elapsed_ns);

/*
 * The successive arrivals of one region: evenly spaced, or Poisson (unit exponential steps in the
 * integral of the rate, Lewis and Shedler 1979). The same seed and stream give the same plan,
 * regardless of the number of workers.
 */
struct arrivals {
    const struct load *load;
    struct random random;
    double count;    /* in the integral of the rate */
    uint64_t number; /* of the next arrival, from 0 */
};

void arrivals_init(struct arrivals *arrivals, const struct load *load, uint64_t seed,
                   uint64_t stream);

/* The next arrival's due time since the start of the load; false if there is none left. */
bool arrivals_next(struct arrivals *arrivals, int64_t *due_elapsed_ns, uint64_t *number);

/* As arrivals_next, for the arrivals of one lane: every lane walks the whole plan and takes its
 * own. */
bool arrivals_next_of(struct arrivals *arrivals, const struct lane *lane, int64_t *due_elapsed_ns,
                      uint64_t *number);

#endif
