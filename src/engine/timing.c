#include "engine/timing.h"

#include "base/clock.h"
#include "base/units.h"

#include <stddef.h>

/* Every deadline, by its key below `timeouts`. */
static const struct {
    const char *key;
    size_t at;
} deadlines[] = {
#define DEADLINE(name)                                                                             \
    {                                                                                              \
#name, offsetof(struct timeouts, name##_ns)                                                \
    }
    DEADLINE(resolve),  DEADLINE(connect),   DEADLINE(tls),          DEADLINE(upgrade),
    DEADLINE(session),  DEADLINE(configure), DEADLINE(first_output), DEADLINE(stall),
    DEADLINE(response), DEADLINE(close),
};
_Static_assert(sizeof deadlines / sizeof *deadlines * sizeof(int64_t) == sizeof(struct timeouts),
               "every timeout is scaled");

static int64_t *deadline_in(struct timeouts *timeouts, size_t i)
{
    return (int64_t *)(void *)((char *)timeouts + deadlines[i].at);
}

static int64_t scaled(int64_t ns, double speed)
{
    if (speed == 1) return ns;
    int64_t real = (int64_t)((double)ns / speed);
    return ns > 0 && real == 0 ? 1 : real; /* 0 would mean never */
}

struct timing timing_at(const struct profile *profile, double speed)
{
    struct timing timing = {
        .timeouts = profile->timeouts,
        .retry = profile->retry,
        .think_time_ns = scaled(profile->session.think_time_ns, speed),
        .max_age_ns = scaled(profile->session.max_age_ns, speed),
    };
    timing.retry.backoff_initial_ns = scaled(timing.retry.backoff_initial_ns, speed);
    timing.retry.backoff_max_ns = scaled(timing.retry.backoff_max_ns, speed);
    timing.retry.deadline_ns = scaled(timing.retry.deadline_ns, speed);
    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
        int64_t *deadline = deadline_in(&timing.timeouts, i);
        const int64_t real = scaled(*deadline, speed);
        const bool longer = speed > 1 && real < CLOCK_REPLAY_TIMEOUT_NS;
        /* One that is short by the profile's own wish stays so. */
        const int64_t least =
            *deadline < CLOCK_REPLAY_TIMEOUT_NS ? *deadline : CLOCK_REPLAY_TIMEOUT_NS;
        *deadline = longer ? least : real;
    }
    return timing;
}

bool timing_longer(const struct profile *profile, double speed, struct text *out)
{
    struct timing timing = timing_at(profile, speed);
    struct timeouts asked = profile->timeouts;
    bool any = false;
    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
        const double lasts = (double)*deadline_in(&timing.timeouts, i) * speed;
        const double wanted = (double)*deadline_in(&asked, i);
        if (lasts <= wanted * 1.001 + speed) continue;
        text_printf(out, "%stimeouts.%s ", any ? ", " : "", deadlines[i].key);
        text_duration(out, (int64_t)lasts);
        any = true;
    }
    return any;
}
