/* Describes in words what was observed of a failure. Each appends one phrase. Pure. */
#ifndef RUSHHOUR_CHECK_OBSERVED_H
#define RUSHHOUR_CHECK_OBSERVED_H

#include "base/text.h"
#include "profile/profile.h"
#include "realtime/failure.h"

/* One of our deadlines: "no session.created within 10s of the upgrade". */
void observed_deadline(enum deadline deadline, const struct timeouts *timeouts, struct text *out);

/* A request that was refused: "HTTP 404, DeploymentNotFound: ...". */
void observed_refusal(const struct failure_facts *refusal, struct text *out);

/* An `error` event, or a response.done without an answer; empty: completed without output. */
void observed_event(const struct event_facts *event, bool empty, struct text *out);

/* A connection that the peer ended; opened: the upgrade had succeeded; detail: the library's
 * message. */
void observed_end(const struct failure_facts *end, bool opened, const char *detail,
                  struct text *out);

#endif
