/* Cluster sums out of single attempts: rows are gathered by session, and added up once a session is
 * complete. */
#ifndef RUSHHOUR_FIGURES_SESSIONS_H
#define RUSHHOUR_FIGURES_SESSIONS_H

#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_entry;

/*
 * Zero-initialise to start. Rows of one session must come in the order of time. When the sums of a
 * session change (a new window began), what it did in the old ones is added there first. Memory
 * grows with the sessions; past half a million those that have been silent for two hours are added
 * up and forgotten, and `forgotten` counts them.
 */
struct session_map {
    struct session_entry *entries;
    size_t count, capacity;
    uint64_t forgotten;
};

/* Counts one attempt of a session (key: unique in the run, not 0) into the sums it belongs to.
 * False without memory. */
bool session_map_add(struct session_map *map, uint64_t key, struct cluster_sums *sums, bool failed,
                     int64_t time_ns);

/* Adds up all that is still open and frees the map. */
void session_map_finish(struct session_map *map);

#endif
