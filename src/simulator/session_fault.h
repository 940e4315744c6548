/* The faults of a whole session, drawn once when it is accepted: they change its greeting, its
 * configuration, its age or its idle time (failure catalogue, sections 1.3 and 1.6). */
#ifndef RUSHHOUR_SIMULATOR_SESSION_FAULT_H
#define RUSHHOUR_SIMULATOR_SESSION_FAULT_H

#include "simulator/visit.h"

/* Draws the session's fault; the 101 has been sent. */
void session_fault_draw(struct visit *visit);

/* Replaces session.created if the fault requires it. */
bool session_fault_greets(struct visit *visit);

/* The session was greeted: its idle time starts now. */
void session_fault_start(struct visit *visit);

/* Whether a session.update is ignored, and what is sent when its answer is due. */
bool session_fault_refuses_update(const struct visit *visit);
void session_fault_answer_update(struct visit *visit);

/* The age in ns at which the fault ends the session; INT64_MAX: never. */
int64_t session_fault_cap(const struct visit *visit);

/* Ends the session at that age. */
void session_fault_expire(struct visit *visit);

/* The callback of visit.idle. */
timer_fn session_fault_on_idle;

/* The client's Close frame came and was not answered, as no_close_answer requires. */
void session_fault_closed(struct visit *visit);

#endif
