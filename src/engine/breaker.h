/*
 * A circuit breaker for one region: closed while attempts go well, open for a while when too large
 * a share of the last ones failed or were slow, then half open, when single attempts try whether it
 * is over. (Nygard, "Release It!", 2007.) It only judges: hold.h keeps the load back. Pure: (state,
 * outcome, time) in, state out.
 *
 * Each worker has its own, by the answers that its own attempts got, as with holds.
 */
#ifndef RUSHHOUR_ENGINE_BREAKER_H
#define RUSHHOUR_ENGINE_BREAKER_H

#include "profile/profile.h"
#include "realtime/failure.h"

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_SLOTS 30

struct breaker_counts {
    uint64_t attempts, bad;
};

/* Zero-initialise: closed. */
struct breaker {
    bool open;          /* or half open, from until_ns on */
    uint64_t until_ns;  /* while open: until then nobody may go */
    uint64_t probes_ok; /* since then, in a row */
    uint64_t newest;    /* number of the newest slot, since the clock's origin */
    struct breaker_counts slots[BREAKER_SLOTS];
};

enum breaker_news {
    BREAKER_STAYS,
    BREAKER_OPENED, /* or is open once more: until until_ns */
    BREAKER_CLOSED
};

/* Whether a failure says something about the region: not what was asked or our own side. */
bool breaker_counts_failure(const struct failure_class *failure);

/*
 * An attempt ended; bad: it failed in a way that counts, or its answer was late. Times of the plan
 * are in now_ns's time. A closed breaker opens when at least plan->attempts ended in the window and
 * the bad ones are at least plan->failure_rate of them. An open one ignores attempts that were
 * under way, and a probe (an attempt that goes first) that is bad opens it again; plan->probes good
 * ones in a row close it, and the window begins anew. Without a failure_rate nothing ever changes.
 */
enum breaker_news breaker_add(struct breaker *breaker, const struct breaker_plan *plan, bool bad,
                              bool probe, uint64_t now_ns);

#endif
