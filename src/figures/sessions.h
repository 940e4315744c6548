/* Cluster sums out of single attempts: rows are gathered by interaction chain (a session by itself
 * where a file knows no chains), and added up once a chain is complete. */
#ifndef RUSHHOUR_FIGURES_SESSIONS_H
#define RUSHHOUR_FIGURES_SESSIONS_H

#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_entry;

/* Sessions that had an attempt in a stretch of time, and those of them that had a failed one. */
struct session_counts {
    uint64_t all, with_failure;
};

/* One attempt that ended ok or failed. */
struct gathered_attempt {
    uint64_t chain, session; /* keys, unique in the run; 0 is none */
    bool failed;
    int64_t time_ns;
};

/*
 * Zero-initialise to start. Rows of one chain must come in the order of time. When the sums of a
 * chain change (a new window began), what it did in the old ones is added there first. Memory grows
 * with the chains; past half a million those that have been silent for two hours are added up and
 * forgotten, and `forgotten` counts them.
 */
struct session_map {
    struct session_entry *entries;
    size_t count, capacity;
    uint64_t forgotten;
};

/* Counts one attempt into the sums that its chain belongs to, and its session into *sessions (NULL:
 * nowhere), which goes with the sums. False without memory. */
bool session_map_add(struct session_map *map, const struct gathered_attempt *attempt,
                     struct cluster_sums *sums, struct session_counts *sessions);

/* Adds up all that is still open and frees the map. */
void session_map_finish(struct session_map *map);

#endif
