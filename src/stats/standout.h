/* Which window of a region stands out: a test that takes attempts and load stages as given, and
 * accounts for failures that come together and for the window having been picked out of many. */
#ifndef RUSHHOUR_STATS_STANDOUT_H
#define RUSHHOUR_STATS_STANDOUT_H

#include <stdbool.h>
#include <stddef.h>

#define STANDOUT_NO_WINDOW ((size_t)-1)
#define STANDOUT_LEAST_PIECES 3 /* pieces that a window holds on average when they are permuted */

/* One block of time, in order. Leave out quota and client failures, and the attempts of invalid
 * blocks. incident: 1 + the number of the incident that struck here (incident.h), 0 if none. */
struct standout_block {
    double attempts, failed;
    size_t window; /* from 0; STANDOUT_NO_WINDOW: its attempts only contribute to the rate of its
                      stage */
    unsigned stage;
    size_t incident;
};

struct standout {
    bool known;        /* there are at least two windows, long enough, and failures */
    size_t window;     /* the one that stands out most, if known */
    bool by_incidents; /* by the number of incidents in it; otherwise by its failures outside
                          them */
    double attempts, failed, expected; /* in it, outside incidents; expected from its stages */
    size_t incidents, all_incidents;   /* that began in it, and in any window */
    double p; /* chance that any window stands out this far, both questions considered; 1 if
                 unknown */
    size_t windows;
    size_t piece; /* blocks permuted together: the length with the largest p */
};

/*
 * Two questions, each at half the level. Outside incidents: the largest excess (x - e) / sqrt(e) of
 * any window, with e = attempts times the rate of their stage, is ranked among those of 999 random
 * orders (fewer if p is large) of the run's pieces of 1, 2, 5, 10 and 20 minutes, as long as a
 * window holds three of them on average; the largest p is used (Westfall and Young 1993 for the
 * maximum). Incidents: the binomial tail of that many in a window with that share of the blocks,
 * times the number of windows. So a window that holds the run's only incident does not stand out:
 * it had to strike somewhere.
 *
 * minute: blocks per minute. The random orders are the same for the same counts. False when out of
 * memory.
 */
bool standout_find(const struct standout_block *blocks, size_t count, size_t window_count,
                   size_t minute, struct standout *out);

#endif
