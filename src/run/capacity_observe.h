/* What the run folder of one level says about each session, for the search. */
#ifndef RUSHHOUR_RUN_CAPACITY_OBSERVE_H
#define RUSHHOUR_RUN_CAPACITY_OBSERVE_H

#include "run/capacity.h"

/* A session, or a chain of them joined by retries: how many attempts each objective judges, and how
 * many of those are bad. */
struct capacity_session {
    uint64_t key;
    int64_t first_ns;
    unsigned attempts, bad[SEARCH_OBJECTIVES_MOST];
};

struct capacity_seen {
    struct capacity_session *sessions; /* in the order in which they began */
    size_t count;
    double seconds;                /* observed: in valid intervals, after the settling */
    double asked_seconds;          /* likewise, valid or not */
    struct limiter_facts facts;    /* without the use: that is `requests` */
    double connections, responses; /* begun in the observed time */
    uint64_t attempts, answered, misconfigured; /* in all; failed for config or auth */
    double cost_usd, tokens;
    bool unpriced;
    char code[64]; /* of the last attempt that failed for config or auth */
    char why[640]; /* of the first invalid interval */
};

/* How a level was driven. Of a closed load also how: otherwise 0. */
struct capacity_driven {
    int64_t settle_ns, end_ns; /* since its start: from when, and until when it counts */
    double sessions;           /* to be kept busy */
    double connect_rate;       /* dials a second of the run's clock */
};

/*
 * Reads a level: attempts that were due from `settle_ns` after its start until `end_ns` after it,
 * and in intervals in which this machine kept up: what it did worse is no evidence, nor is a time
 * in which a closed load had fewer sessions since load.connect_rate let no more be dialled. The
 * caller frees it with capacity_seen_free whatever it returns.
 */
MUST_USE enum err_code capacity_observe(const char *folder,
                                        const struct capacity_objective *objectives, size_t count,
                                        const struct capacity_driven *driven,
                                        struct capacity_seen *out, struct error *err);
void capacity_seen_free(struct capacity_seen *seen);

#endif
