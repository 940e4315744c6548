/*
 * An interaction chain: sessions that a retried interaction joins, and all attempts in them. A
 * retry that goes to a fresh session and fails there is no new evidence against the service, so
 * intervals take the chain for one draw (stats/rate.h: the cluster).
 */
#ifndef RUSHHOUR_ENGINE_CHAIN_H
#define RUSHHOUR_ENGINE_CHAIN_H

#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain {
    uint64_t number; /* of the session that it began with */
    size_t region;
    unsigned holders; /* sessions that have not ended, and a virtual user who may go on with it */
    uint64_t attempts, failed, first_failure; /* as cluster_add wants them */
};

/* A new chain, held once; NULL without memory. */
struct chain *chain_new(uint64_t number, size_t region);

/* One more holds it. */
struct chain *chain_hold(struct chain *chain);

/* An attempt of it ended, ok or failed; in the order of their ends. */
void chain_count(struct chain *chain, bool failed);

/* A holder lets go (of NULL: nothing); with the last one the chain is over, counted into the sums
 * and freed. */
void chain_release(struct chain *chain, struct cluster_sums *sums);

#endif
