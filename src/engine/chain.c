#include "engine/chain.h"

#include <stdlib.h>

struct chain *chain_new(uint64_t number, size_t region)
{
    struct chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL) return NULL;
    *chain = (struct chain){.number = number, .region = region, .holders = 1};
    return chain;
}

struct chain *chain_hold(struct chain *chain)
{
    chain->holders++;
    return chain;
}

void chain_count(struct chain *chain, bool failed)
{
    chain->attempts++;
    if (failed && chain->failed++ == 0) chain->first_failure = chain->attempts;
}

void chain_release(struct chain *chain, struct cluster_sums *sums)
{
    if (chain == NULL || --chain->holders > 0) return;
    if (chain->attempts > 0)
        cluster_add(sums, chain->attempts, chain->failed, chain->first_failure);
    free(chain);
}
