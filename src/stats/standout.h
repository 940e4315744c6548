/* Which window of a region stands out: a test that takes attempts and load stages as given, and
 * knows that failures come together and that the window was picked out of many. */
#ifndef RUSHHOUR_STATS_STANDOUT_H
#define RUSHHOUR_STATS_STANDOUT_H

#include <stdbool.h>
#include <stddef.h>

#define STANDOUT_NO_WINDOW ((size_t)-1)
#define STANDOUT_LEAST_PIECES 3 /* of time that a window holds on average when they are moved */

/*
 * One block of time, in order. Leave out quota and client failures, and the attempts of blocks that
 * are not valid. incident: 1 + the number of the incident that struck here (incident.h), 0: none.
 */
struct standout_block {
    double attempts, failed;
    size_t window; /* from 0; STANDOUT_NO_WINDOW: its attempts only tell the rate of its stage */
    unsigned stage;
    size_t incident;
};

struct standout {
    bool known;        /* there are two windows or more, long enough, and failures */
    size_t window;     /* that stands out most; of known */
    bool by_incidents; /* by how many incidents it holds; else by its failures outside of them */
    double attempts, failed, expected; /* in it, outside of incidents; what its stages let expect */
    size_t incidents, all_incidents;   /* that began in it, and in any window */
    double p; /* that any window would stand out so far by chance, both ways; 1 when not known */
    size_t windows;
    size_t piece; /* blocks that had to be moved together: the length that gave the largest p */
};

/*
 * Two questions, each at half the level. Outside of incidents: the greatest of all windows' excess
 * (x - e) / sqrt(e), e = attempts times the rate of their stage, is ranked among those of 999
 * random orders (fewer where p is large) of the run's pieces of 1, 2, 5, 10 and 20 minutes, as far
 * as a window holds three of them on average; the largest p rules (Westfall and Young 1993 for the
 * maximum). Incidents: the binomial tail of as many in a window with that share of the blocks,
 * times the number of windows. So a window that holds the run's one incident does not stand out:
 * it had to strike somewhere.
 *
 * minute: blocks in one. The orders are the same for the same counts. False without memory.
 */
bool standout_find(const struct standout_block *blocks, size_t count, size_t window_count,
                   size_t minute, struct standout *out);

#endif
