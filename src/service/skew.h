/* The difference between the service's clock and ours, from the Date of its response, needed to
 * interpret its times of day. Pure. */
#ifndef RUSHHOUR_SERVICE_SKEW_H
#define RUSHHOUR_SERVICE_SKEW_H

#include "base/clock.h"
#include "realtime/event.h"

#include <stdbool.h>

/* Zero: unknown; the clocks are assumed to agree. */
struct skew {
    bool known;
    int64_t ns; /* the service's clock minus ours, to half a second */
};

/* The skew according to the Date (s since 1970 UTC) of a response at at_ns to a request at
 * asked_ns. Times are monotonic; `clock` is ours. */
struct skew skew_by_date(const struct run_clock *clock, int64_t date_s, uint64_t asked_ns,
                         uint64_t at_ns);

/* The remaining life of the session according to its session.created, which came at at_ns: ns of
 * the monotonic clock, negative if it should have ended. False if it was not given. */
bool skew_expiry(const struct skew *skew, const struct run_clock *clock,
                 const struct event_facts *created, uint64_t at_ns, int64_t *out_ns);

#endif
