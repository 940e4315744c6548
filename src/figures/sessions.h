/* Computes cluster sums from single attempts: rows are gathered by interaction chain (or session,
 * if the file has no chains), and added up once a chain is complete. */
#ifndef RUSHHOUR_FIGURES_SESSIONS_H
#define RUSHHOUR_FIGURES_SESSIONS_H

#include "record/attempt.h"
#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_chain;
struct session_open;

/* A session's number if the row has it, else a hash of its id (FNV-1a), so that rows of foreign
 * files are gathered too. */
uint64_t session_number_of(const struct attempt_row *row);

/* Sessions that had an attempt during a period, and those of them with a failed one. */
struct session_counts {
    uint64_t all, with_failure;
};

/* One attempt that ended ok or failed. */
struct gathered_attempt {
    uint64_t chain, session; /* keys, unique in the run; 0 is none */
    bool failed;
    int64_t time_ns;
};

/* Where an attempt is counted: in the sums of its chain, and in its sessions (may be NULL). Without
 * sums it is not counted there. */
struct session_place {
    struct cluster_sums *sums;
    struct session_counts *sessions;
};

/*
 * Zero-initialise but for `ways`, the number of ways in which rows are divided (by window, by age
 * ...): each has places of its own. Rows of one chain must come in order of time. When a chain
 * moves to another place of a way (a new window began), what it did so far is first added to the
 * old one. Memory grows with the chains; beyond half a million, those inactive for two hours are
 * added up and dropped, and counted in `forgotten`.
 */
struct session_map {
    size_t ways;
    struct session_chain *chains;
    struct session_open *open; /* of each chain one for each way */
    uint32_t *slots;           /* the hash table: number of a chain, from 1; 0 is free */
    size_t count, capacity;    /* of the chains; slots are twice as many */
    uint64_t forgotten;
};

/* Counts one attempt in its places, one for each way. False when out of memory. */
bool session_map_add(struct session_map *map, const struct gathered_attempt *attempt,
                     const struct session_place *places);

/* Adds up everything that is still open and frees the map. */
void session_map_finish(struct session_map *map);

#endif
