/* How a step of the preflight ends. Each is told once. */
#ifndef RUSHHOUR_CHECK_STEP_H
#define RUSHHOUR_CHECK_STEP_H

#include "check/check.h"
#include "realtime/failure.h"

#define NOT_TIMED INT64_C(-1)

/* It went well; `seen` says what it met, in a few words. */
void step_ok(struct check_region *told, enum check_step step, int64_t ns, const char *seen, ...)
    PRINTF_LIKE(4, 5);

/* It failed for a reason of the preflight's own. */
void step_failed(struct check_region *told, enum check_step step, int64_t ns, const char *code,
                 const char *catalogue, const char *fix, const char *cause, ...) PRINTF_LIKE(7, 8);

/* It failed as the failure table knows it: class and fix are drawn from the facts; `cause` says
 * what was observed, and what came from the service in it is scrubbed of the region's secrets. */
void step_classified(struct check_region *told, enum check_step step, int64_t ns,
                     const struct failure_facts *facts, const char *cause, ...) PRINTF_LIKE(5, 6);

void step_skipped(struct check_region *told, enum check_step step, const char *why, ...)
    PRINTF_LIKE(3, 4);

/* Skips every step between the two, both included, that has not ended. */
void steps_skipped(struct check_region *told, enum check_step from, enum check_step to,
                   const char *why);

void step_note(struct check_region *told, enum check_step step, const char *text, ...)
    PRINTF_LIKE(3, 4);

/* Takes what no output may show out of an id or a name that the service gave. */
void step_clean_id(const struct check_region *told, char *id, size_t size);

#endif
