/* Whether the planned load fits into the file descriptors available to this process. */
#ifndef RUSHHOUR_RUN_DESCRIPTORS_H
#define RUSHHOUR_RUN_DESCRIPTORS_H

#include "base/text.h"
#include "run/plan.h"

#include <stdbool.h>
#include <stdint.h>

/* The maximum number of sessions that the plan has open at once on this machine, all regions
 * together: from the level of its stages, or, if sessions arrive at a rate, from
 * load.max_sessions. */
uint64_t descriptors_sessions(const struct run_plan *plan);

/* The descriptors needed for this many sessions, including those of loops, files and libraries. */
uint64_t descriptors_needed(uint64_t sessions, unsigned workers);

/* Appends what is missing and how to raise the limit; false, and appends nothing, if the limit
 * suffices. limit 0 means unknown, and suffices. */
bool descriptors_lack(const struct run_plan *plan, uint64_t limit, struct text *out);

#endif
