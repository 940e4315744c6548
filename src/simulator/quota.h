/*
 * Limits per minute as counted by the service: in slices, each with its share of the minute; new
 * connections count as requests, and tokens by an estimate when a response is requested. Refused
 * ones count too. (Failure catalogue, 3.1.) Pure: the caller passes the time.
 */
#ifndef RUSHHOUR_SIMULATOR_QUOTA_H
#define RUSHHOUR_SIMULATOR_QUOTA_H

#include "base/error.h"
#include "base/text.h"
#include "profile/profile.h"
#include "simulator/script.h"

#include <stdint.h>

struct quota {
    const struct quota_rule **rules; /* those that name the region, in the profile's order */
    size_t rule_count;
    const struct quota_rule *rule; /* in force; NULL: nothing is limited */
    int64_t minute, slice;         /* by the run's clock: rules change by the minute, counters by
                                      the slice */
    double requests, tokens;       /* counted in this slice */
    uint64_t most_told;            /* the highest token limit sent in a header */
};

/* One limit as sent in headers and events. */
struct quota_state {
    uint64_t limit;     /* per minute */
    uint64_t remaining; /* of the slice */
    int64_t reset_ns;   /* until the next slice */
};

/* Picks the rules of a region. The plan is borrowed until quota_free. */
MUST_USE enum err_code quota_init(struct quota *quota, const struct simulator_plan *plan,
                                  const char *region, struct error *err);
void quota_free(struct quota *quota);

/*
 * Counts a new connection. It is refused with upgrade_429 when the slice's requests are used up.
 * While a lowered token limit is in force and a header has shown a higher one, it is refused with
 * lowered_limit_429 if either that limit or the requests are used up: by its headers such a 429 is
 * F32, whatever the cause. Times are by the run's clock.
 */
struct strike quota_connect(struct quota *quota, int64_t wall_ns);

/* Counts a response by its estimate; over the limit it fails with rate_limit_exceeded. */
struct strike quota_respond(struct quota *quota, int64_t wall_ns, uint64_t tokens);

/* The number of tokens that a response is expected to use: its input, and the most it may say (0:
 * no limit). */
uint64_t quota_estimate(uint64_t input_tokens, uint64_t max_output_tokens);

/* What is left. If nothing is limited: the usual limits of gpt-realtime, by the minute. */
struct quota_state quota_of_requests(struct quota *quota, int64_t wall_ns);
struct quota_state quota_of_tokens(struct quota *quota, int64_t wall_ns);

/* Appends the x-ratelimit-* lines of a 101 or a 429. */
void quota_headers(struct quota *quota, int64_t wall_ns, struct text *out);

#endif
