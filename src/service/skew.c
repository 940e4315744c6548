#include "service/skew.h"

#include <stdlib.h>

/* No session lives longer than this; a larger figure means something else. */
#define EXPIRY_MOST_S INT64_C(9000000000)

/* A Date has whole seconds: clocks that seem no further apart than this are taken to agree. */
#define SKEW_LEAST_NS NS_PER_S

/* Date stands for any moment of its second, and was written some time between request and response:
 * use the middle of both. */
struct skew skew_by_date(const struct run_clock *clock, int64_t date_s, uint64_t asked_ns,
                         uint64_t at_ns)
{
    const uint64_t middle = asked_ns + (at_ns - asked_ns) / 2;
    return (struct skew){
        .known = true,
        .ns = date_s * NS_PER_S + NS_PER_S / 2 - run_clock_wall_at(clock, middle),
    };
}

bool skew_expiry(const struct skew *skew, const struct run_clock *clock,
                 const struct event_facts *created, uint64_t at_ns, int64_t *out_ns)
{
    if (created->expires_at_s <= 0 || created->expires_at_s > EXPIRY_MOST_S) return false;
    int64_t service_now_ns = run_clock_wall_at(clock, at_ns);
    if (skew->known && llabs(skew->ns) > SKEW_LEAST_NS) service_now_ns += skew->ns;
    const int64_t left_ns = created->expires_at_s * NS_PER_S - service_now_ns;
    *out_ns = (int64_t)((double)left_ns / clock->speed);
    return true;
}
