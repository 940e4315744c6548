#include "engine/timing.h"

#include "base/clock.h"

#include <stddef.h>
#include <stdio.h>

static const struct {
    const char *key;
    size_t at;
    int64_t floor_ns;
} limits[] = {
#define LIMIT(name, floor_ns)                                                                      \
    {                                                                                              \
        "timeouts." #name, offsetof(struct timeouts, name##_ns), floor_ns                          \
    }
    LIMIT(resolve, TIMING_FLOOR_NS),      LIMIT(connect, TIMING_FLOOR_NS),
    LIMIT(tls, TIMING_FLOOR_NS),          LIMIT(upgrade, TIMING_FLOOR_NS),
    LIMIT(session, TIMING_FLOOR_NS),      LIMIT(configure, TIMING_FLOOR_NS),
    LIMIT(first_output, TIMING_FLOOR_NS), LIMIT(stall, TIMING_FLOOR_NS),
    LIMIT(close, TIMING_FLOOR_NS),        LIMIT(response, TIMING_RESPONSE_FLOOR_NS),
};
#define TICK_EVERY_NS (1000 * NS_PER_MS)
#define TICK_LEAST_NS (50 * NS_PER_MS)
#define TICK_OF_RUN_NS (20 * NS_PER_S)

#define LIMITS (sizeof limits / sizeof *limits)
_Static_assert(LIMITS * sizeof(int64_t) == sizeof(struct timeouts), "every timeout is scaled");
_Static_assert(LIMITS + 1 <= CLOCK_LIMITS_MOST, "there is room for every limit");

static int64_t *limit_in(struct timeouts *timeouts, size_t i)
{
    return (int64_t *)(void *)((char *)timeouts + limits[i].at);
}

static int64_t scaled(int64_t ns, double speed)
{
    if (speed == 1) return ns;
    int64_t real = (int64_t)((double)ns / speed);
    return ns > 0 && real == 0 ? 1 : real; /* 0 would mean never */
}

static int64_t kept(int64_t ns, int64_t floor_ns, double speed)
{
    const int64_t real_ns = scaled(ns, speed);
    const int64_t least_ns = ns < floor_ns ? ns : floor_ns;
    return speed > 1 && real_ns < least_ns ? least_ns : real_ns;
}

struct timing timing_at(const struct profile *profile, double speed)
{
    struct timing timing = {
        .timeouts = profile->timeouts,
        .exact = profile->timeouts,
        .retry = profile->retry,
        .breaker = profile->breaker,
        .think_time_ns = scaled(profile->session.think_time_ns, speed),
        .max_age_ns = scaled(profile->session.max_age_ns, speed),
        .before_expiry_ns = scaled(profile->session.before_expiry_ns, speed),
        .hedge_after_ns = scaled(profile->load.hedge_after_ns, speed),
    };
    timing.retry.backoff_initial_ns = scaled(timing.retry.backoff_initial_ns, speed);
    timing.retry.backoff_max_ns = scaled(timing.retry.backoff_max_ns, speed);
    timing.retry.deadline_ns = scaled(timing.retry.deadline_ns, speed);
    timing.retry.budget_window_ns = scaled(timing.retry.budget_window_ns, speed);
    timing.breaker.latency_ns = scaled(timing.breaker.latency_ns, speed);
    timing.breaker.window_ns = scaled(timing.breaker.window_ns, speed);
    timing.breaker.open_for_ns = scaled(timing.breaker.open_for_ns, speed);
    timing.grace_ns =
        kept(profile->retry.deadline_ns, TIMING_FLOOR_NS, speed) - timing.retry.deadline_ns;
    for (size_t i = 0; i < LIMITS; i++) {
        int64_t *asked = limit_in(&timing.exact, i);
        *limit_in(&timing.timeouts, i) = kept(*asked, limits[i].floor_ns, speed);
        *asked = scaled(*asked, speed);
    }
    return timing;
}

static void add(struct clock_limits *out, const char *key, int64_t asked_ns, int64_t kept_ns,
                double speed)
{
    struct clock_limit *limit = &out->list[out->count++];
    (void)snprintf(limit->key, sizeof limit->key, "%s", key);
    limit->asked_ns = asked_ns;
    limit->lasts_ns = (int64_t)((double)kept_ns * speed);
}

struct clock_limits timing_longer(const struct profile *profile, double speed)
{
    struct timing timing = timing_at(profile, speed);
    struct timeouts asked = profile->timeouts;
    struct clock_limits longer = {0};
    for (size_t i = 0; i < LIMITS; i++) {
        const int64_t kept_ns = *limit_in(&timing.timeouts, i);
        if (kept_ns > *limit_in(&timing.exact, i))
            add(&longer, limits[i].key, *limit_in(&asked, i), kept_ns, speed);
    }
    if (timing.grace_ns > 0 && profile->retry.attempts > 1)
        add(&longer, "retry.deadline", profile->retry.deadline_ns,
            timing.retry.deadline_ns + timing.grace_ns, speed);
    return longer;
}

uint64_t timing_tick_ns(double speed)
{
    const double of_run = (double)TICK_OF_RUN_NS / speed;
    if (of_run >= (double)TICK_EVERY_NS) return (uint64_t)TICK_EVERY_NS;
    return of_run < (double)TICK_LEAST_NS ? (uint64_t)TICK_LEAST_NS : (uint64_t)of_run;
}
