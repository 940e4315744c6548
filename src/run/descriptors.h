/* The file descriptors of a run, by purpose, and whether this process may have as many. */
#ifndef RUSHHOUR_RUN_DESCRIPTORS_H
#define RUSHHOUR_RUN_DESCRIPTORS_H

#include "base/error.h"
#include "base/text.h"
#include "run/plan.h"

#include <stdbool.h>
#include <stdint.h>

/* Connections that the metrics endpoint serves at once: more than its scrapers need. */
#define METRICS_CONNECTIONS 16

/* What each purpose may take. Only the sessions make do with fewer: what the run folder and the
 * metrics need is kept free for them. */
struct descriptor_budget {
    uint64_t sessions; /* the most that the plan has open at once */
    uint64_t metrics;  /* 0 without the endpoint */
    uint64_t files;    /* the run folder, loops, pipes and libraries */
};

/* The maximum number of sessions that the plan has open at once on this machine, all regions
 * together: from the level of its stages, or, if sessions arrive at a rate, from
 * load.max_sessions. */
uint64_t descriptors_sessions(const struct run_plan *plan);

/* The budget of a plan. */
struct descriptor_budget descriptors_budget(const struct run_plan *plan, bool metrics);

/*
 * How many sessions may hold a socket at once when the process may have `limit` descriptors (0:
 * unknown): *left, UINT64_MAX if unknown. Appends to `said` what is missing and how to raise the
 * limit, when that is fewer than planned. ERR_IO if not one session fits beside the rest.
 */
MUST_USE enum err_code descriptors_fit(const struct descriptor_budget *budget, uint64_t limit,
                                       uint64_t *left, struct text *said, struct error *err);

#endif
