/*
 * What the profile says in time, as long as it lasts on this machine: in a replay a minute of the
 * run's own clock is shorter, and a backoff, a deadline or a thinking user with it, or a burst of
 * failures would be over before the first retry. Pure.
 */
#ifndef RUSHHOUR_ENGINE_TIMING_H
#define RUSHHOUR_ENGINE_TIMING_H

#include "base/text.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stdint.h>

struct timing {
    struct timeouts timeouts;
    struct retry retry;
    int64_t think_time_ns, max_age_ns;
};

/* The profile's times at a speed of the run's clock. No timeout is shorter than
 * CLOCK_REPLAY_TIMEOUT_NS: within less, a busy machine would be taken for a silent service. */
struct timing timing_at(const struct profile *profile, double speed);

/* Appends which timeouts last longer than the profile says for that reason, with how long; false,
 * and nothing, when none does. */
bool timing_longer(const struct profile *profile, double speed, struct text *out);

#endif
