/*
 * What the profile says in time, as long as it lasts on this machine: in a replay a minute of the
 * run's own clock is shorter, and a backoff, a deadline or a thinking user with it, or a burst of
 * failures would be over before the first retry. Pure.
 *
 * One exception: a limit of time is compared with what this machine takes, which does not go faster
 * with the clock. So no limit is shorter than TIMING_FLOOR_NS, and what runs into one that was
 * lengthened for that is judged as if it had lasted what the profile says.
 */
#ifndef RUSHHOUR_ENGINE_TIMING_H
#define RUSHHOUR_ENGINE_TIMING_H

#include "profile/profile.h"
#include "record/clock_limits.h"

#include <stdint.h>

/* In real time. On two cores, one of them busy with something else and some builds beside, a timer
 * was late by 8 ms for one wait in a hundred, 44 ms for one in a thousand, 95 ms at most of 11,000;
 * an attempt has some steps here and in the simulator, and at a load of 15 one took over a
 * second. */
#define TIMING_FLOOR_NS (2 * NS_PER_S)

/* The limit of a whole response must outlast those of its parts, or it would take their place. */
#define TIMING_RESPONSE_FLOOR_NS (3 * TIMING_FLOOR_NS)

/* Everything is this machine's time. */
struct timing {
    struct timeouts timeouts; /* as they are kept */
    struct timeouts exact;    /* as the profile says them */
    struct retry retry;
    struct breaker_plan breaker;
    int64_t grace_ns; /* by which measured time may exceed retry.deadline_ns */
    int64_t think_time_ns, max_age_ns, before_expiry_ns, hedge_after_ns;
};

/* The profile's times at a speed of the run's clock. A limit that the profile itself has below the
 * floor stays as long as in real time. */
struct timing timing_at(const struct profile *profile, double speed);

/*
 * How often a worker hands its figures over, for the screen and the folder, and counts the time of
 * open sessions; in real time. In a replay, as often as the abort rule needs by the run's own
 * clock.
 */
uint64_t timing_tick_ns(double speed);

/* The limits that last longer than the profile says. */
struct clock_limits timing_longer(const struct profile *profile, double speed);

#endif
