/*
 * Limits per minute as counted by the service: in slices, each with its share of the minute. What
 * counts as a request goes by the dialect, and tokens by an estimate when a response is requested
 * (realtime/token_count.h). Refused ones count too. Pure: the caller passes the time.
 */
#ifndef RUSHHOUR_SIMULATOR_QUOTA_H
#define RUSHHOUR_SIMULATOR_QUOTA_H

#include "base/error.h"
#include "base/text.h"
#include "profile/profile.h"
#include "realtime/token_count.h"
#include "simulator/script.h"

#include <stdbool.h>
#include <stdint.h>

/* Must not move after quota_init. */
struct quota {
    const struct quota_rule **rules; /* those that name the region, in the profile's order */
    size_t rule_count;
    const struct quota_rule *rule; /* in force; NULL: nothing is limited */
    struct quota_rule usual;       /* in force where none of them is, if `limited` */
    bool limited;
    enum request_kind counted;   /* what is a request */
    uint64_t told_rpm, told_tpm; /* what headers tell of a limit that there is not */
    int64_t minute, slice;       /* by the run's clock: rules change by the minute, counters by
                                      the slice */
    double requests, tokens;     /* counted in this slice */
    int64_t day_used_ns;         /* until all of the day's requests have come back, at day_ns */
    int64_t day_ns;
    uint64_t most_told; /* the highest token limit sent in a header */
};

/* One limit as sent in headers and events. */
struct quota_state {
    uint64_t limit;     /* per minute */
    uint64_t remaining; /* of the slice */
    int64_t reset_ns;   /* until the next slice */
};

/*
 * The quota that holds in a region where no rule does: its own (regions[].quota), or Azure's
 * default of tier 1 for its model. False: it is not known, or with `quota: none` there is none, or
 * a rule without `during` always holds instead.
 */
bool quota_default(const struct simulator_plan *plan, const struct region *region,
                   struct quota_rule *out);

/* Picks the rules of a region. The plan is borrowed until quota_free. */
MUST_USE enum err_code quota_init(struct quota *quota, const struct simulator_plan *plan,
                                  const struct region *region, struct error *err);
void quota_free(struct quota *quota);

/*
 * Counts a new connection, where those are requests. It is refused with upgrade_429 when the
 * slice's requests are used up.
 * While a lowered token limit is in force and a header has shown a higher one, it is refused with
 * lowered_limit_429 if either that limit or the requests are used up: by its headers such a 429 is
 * F32, whatever the cause. Times are by the run's clock.
 */
struct strike quota_connect(struct quota *quota, int64_t wall_ns);

/* Counts a response by its estimate (token_count_reserved), and as a request where responses are;
 * over a limit it fails with rate_limit_exceeded, over that of
 * a day with daily_limit. Of a day's requests each comes back after the day's share, and refused
 * ones do not count (a wait of 86.4 s was reported at a limit of 1000). */
struct strike quota_respond(struct quota *quota, int64_t wall_ns, uint64_t tokens);

/* What is left. If nothing is limited: the usual limits of the model, or those of gpt-realtime, by
 * the minute. */
struct quota_state quota_of_requests(struct quota *quota, int64_t wall_ns);
struct quota_state quota_of_tokens(struct quota *quota, int64_t wall_ns);

/* Appends the x-ratelimit-* lines of a 101 or a 429. */
void quota_headers(struct quota *quota, int64_t wall_ns, struct text *out);

#endif
