/*
 * When a region's load was held back, and why: a wait that the service asked for, or failures that
 * no retry mends. The list in run.json; how much of each interval was held is a counter of the
 * region's cell (cell.h).
 */
#ifndef RUSHHOUR_RECORD_HOLDS_H
#define RUSHHOUR_RECORD_HOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hold_cause {
    HOLD_HINT,     /* the service told how long to wait */
    HOLD_REPEATED, /* config, auth or quota failures in a row, by none of which it told so */
    HOLD_HOPELESS, /* nothing but config and auth failures came: the region's load has ended */
    HOLD_CAUSE_COUNT
};

/* One sentence for it in run.json and reports. */
const char *hold_cause_words(enum hold_cause cause);

/* One hold of one region, times in ns since 1970 UTC of the run's clock. */
struct hold_span {
    size_t region;
    int64_t from_utc_ns, until_utc_ns;
    enum hold_cause cause; /* that it began with */
    const char *code;      /* of the failure that it began with; lives for ever */
};

/* How a region is held now, for who watches. */
struct hold_view {
    bool on;
    bool hopeless;
    int64_t until_utc_ns; /* 0: one attempt is under way that decides, or it is for good */
    const char *code;
};

/* So many holds of a run are listed one by one. */
#define HOLDS_LISTED 1000

/* Zero-initialise; holds_free gives the memory back. */
struct holds {
    struct hold_span *spans; /* in the order in which they ended */
    size_t count, capacity;
    uint64_t left_out; /* beyond HOLDS_LISTED */
};

/* Adds one. Workers hold a region each on their own: those that overlap are one. False without
 * memory. */
bool holds_add(struct holds *holds, const struct hold_span *span);
void holds_free(struct holds *holds);

#endif
