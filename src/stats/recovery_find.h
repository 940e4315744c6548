/* The incidents before and since a time, for recovery.c alone. */
#ifndef RUSHHOUR_STATS_RECOVERY_FIND_H
#define RUSHHOUR_STATS_RECOVERY_FIND_H

#include "stats/recovery.h"

/* What the scans found, in order of time, of the baseline and then of the run. */
struct recovery_found {
    struct recovery_stretch *list; /* the caller's (free), also after a failure */
    size_t count;
    size_t of_baseline; /* of them, those in a baseline from elsewhere */
    double began;       /* of the incident, with its neighbours; NaN: none */
    double ended;       /* at `since`, or later if it went on */
};

/* Fills *found. False without memory. */
bool recovery_find(const struct recovery_asked *asked, struct recovery_found *found);

/* Whether a block begins in an incident. A baseline from elsewhere and the run may be at the same
 * time, so each looks at its own. */
bool recovery_is_struck(const struct recovery_found *found, bool elsewhere, double start);

#endif
