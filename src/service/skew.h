/* The service's clock against ours, by the Date of its answer: what its times of day mean. Pure. */
#ifndef RUSHHOUR_SERVICE_SKEW_H
#define RUSHHOUR_SERVICE_SKEW_H

#include "base/clock.h"
#include "realtime/event.h"

#include <stdbool.h>

/* Zero: nothing is known, and the clocks are taken to agree. */
struct skew {
    bool known;
    int64_t ns; /* the service's clock minus ours, half a second either way */
};

/* What an answer at at_ns to a request of asked_ns tells with its Date (s since 1970 UTC). Times
 * are monotonic; `clock` is ours. */
struct skew skew_by_date(const struct run_clock *clock, int64_t date_s, uint64_t asked_ns,
                         uint64_t at_ns);

/*
 * How long the session has still to live by its session.created, which came at at_ns: ns of the
 * monotonic clock, negative when it should have ended. False when it was not told.
 */
bool skew_expiry(const struct skew *skew, const struct run_clock *clock,
                 const struct event_facts *created, uint64_t at_ns, int64_t *out_ns);

#endif
