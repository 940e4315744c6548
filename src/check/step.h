/* How a step of the preflight check ends. Each step ends once. */
#ifndef RUSHHOUR_CHECK_STEP_H
#define RUSHHOUR_CHECK_STEP_H

#include "check/check.h"
#include "realtime/failure.h"

#define NOT_TIMED INT64_C(-1)

/* It succeeded; `seen` says in a few words what was found. */
void step_ok(struct check_region *told, enum check_step step, int64_t ns, const char *seen, ...)
    PRINTF_LIKE(4, 5);

/* It failed for a reason that only the preflight check knows. */
void step_failed(struct check_region *told, enum check_step step, int64_t ns, const char *code,
                 const char *catalogue, const char *fix, const char *cause, ...) PRINTF_LIKE(7, 8);

/* It failed in a way that the failure table knows: class and fix come from the facts; `cause` says
 * what was observed, with the region's secrets scrubbed from whatever the service sent. */
void step_classified(struct check_region *told, enum check_step step, int64_t ns,
                     const struct failure_facts *facts, const char *cause, ...) PRINTF_LIKE(5, 6);

void step_skipped(struct check_region *told, enum check_step step, const char *why, ...)
    PRINTF_LIKE(3, 4);

/* Skips every step from one to the other, inclusive, that has not ended. */
void steps_skipped(struct check_region *told, enum check_step from, enum check_step to,
                   const char *why);

void step_note(struct check_region *told, enum check_step step, const char *text, ...)
    PRINTF_LIKE(3, 4);

/* Removes from an id or name given by the service whatever no output may show. */
void step_clean_id(const struct check_region *told, char *id, size_t size);

#endif
