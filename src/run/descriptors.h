/* Whether the load that is planned fits into the file descriptors that this process may have. */
#ifndef RUSHHOUR_RUN_DESCRIPTORS_H
#define RUSHHOUR_RUN_DESCRIPTORS_H

#include "base/text.h"
#include "run/plan.h"

#include <stdbool.h>
#include <stdint.h>

/* The most sessions that the plan has open at once here, all regions together: by the level of its
 * stages, or, where sessions arrive at a rate, by load.max_sessions. */
uint64_t descriptors_sessions(const struct run_plan *plan);

/* The descriptors that so many sessions take, with those of loops, files and libraries. */
uint64_t descriptors_needed(uint64_t sessions, unsigned workers);

/* Appends what the limit lacks and how to raise it; false, and nothing, when it suffices. limit 0
 * is unknown, and suffices. */
bool descriptors_lack(const struct run_plan *plan, uint64_t limit, struct text *out);

#endif
