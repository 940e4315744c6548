/*
 * An interaction chain: the sessions joined by a retried interaction, and all attempts in them. A
 * retry that goes to a fresh session and fails there is no new evidence against the service, so
 * intervals count the chain as one draw (stats/rate.h: the cluster).
 */
#ifndef RUSHHOUR_ENGINE_CHAIN_H
#define RUSHHOUR_ENGINE_CHAIN_H

#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain {
    uint64_t number; /* of the session in which it began */
    size_t region;
    unsigned holders; /* sessions that have not ended, and the virtual user if it may continue
                         the chain */
    uint64_t attempts, failed, first_failure; /* as cluster_add expects them */
};

/* A new chain with one holder; NULL when out of memory. */
struct chain *chain_new(uint64_t number, size_t region);

/* Adds a holder. */
struct chain *chain_hold(struct chain *chain);

/* Counts an attempt that ended, ok or failed; in the order of their ends. */
void chain_count(struct chain *chain, bool failed);

/* Releases one hold (NULL is allowed); when the last is gone, the chain is added to the sums and
 * freed. */
void chain_release(struct chain *chain, struct cluster_sums *sums);

#endif
