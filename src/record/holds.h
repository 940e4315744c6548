/*
 * When a region's load was held back, and why. run.json lists these holds; how much of each
 * interval was held is a counter in the region's cell (cell.h).
 */
#ifndef RUSHHOUR_RECORD_HOLDS_H
#define RUSHHOUR_RECORD_HOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hold_cause {
    HOLD_HINT,     /* the service said how long to wait */
    HOLD_REPEATED, /* config, auth or quota failures in a row, without such a hint */
    HOLD_BREAKER,  /* the profile's breaker is open: too many attempts failed or were slow */
    HOLD_HOPELESS, /* only config and auth failures: the region's load has ended */
    HOLD_PACE,     /* nothing that the service did: load.pace_to_quota */
    HOLD_BUDGET,   /* nothing that the service did: turns in flight had reserved the budget */
    HOLD_CAUSE_COUNT
};

/* The key of run.json under which a hold's code stands, and the code of one for want of budget. */
#define HOLD_CODE_KEY "code"
#define HOLD_BUDGET_CODE "budget"
#define HOLD_PACE_CODE "pace_to_quota" /* and of one for the pace to the quota */

/* The cause as run.json states it. */
const char *hold_cause_words(enum hold_cause cause);

/* One hold of one region; times in ns since 1970 UTC by the run's clock. */
struct hold_span {
    size_t region;
    int64_t from_utc_ns, until_utc_ns;
    enum hold_cause cause; /* at its start */
    const char *code;      /* of the failure that started it, or "budget"; static */
};

/* How a region is held at present. */
struct hold_view {
    bool on;
    bool hopeless;
    bool by_us;           /* by the budget or the pace, and not by what the service did */
    int64_t until_utc_ns; /* 0 while one attempt decides, or if it is for good */
    const char *code;     /* static */
};

/* At most this many holds are listed; the rest are only counted. */
#define HOLDS_LISTED 1000

/* Zero-initialise; free with holds_free. */
struct holds {
    struct hold_span *spans; /* in the order in which they ended */
    size_t count, capacity;
    uint64_t left_out; /* beyond HOLDS_LISTED */
};

/* Adds a hold. Workers hold independently, so overlapping holds of a region are merged. False if
 * out of memory. */
bool holds_add(struct holds *holds, const struct hold_span *span);
void holds_free(struct holds *holds);

#endif
