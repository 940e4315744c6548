/*
 * The faults of a session as a whole, drawn once when it is let in: what becomes of its greeting,
 * its configuration, its age and its idle time (failure catalogue, sections 1.3 and 1.6).
 */
#ifndef RUSHHOUR_SIMULATOR_SESSION_FAULT_H
#define RUSHHOUR_SIMULATOR_SESSION_FAULT_H

#include "simulator/visit.h"

/* Draws the session's fault; the 101 is out. */
void session_fault_draw(struct visit *visit);

/* Takes the place of session.created when the fault says so. */
bool session_fault_greets(struct visit *visit);

/* The session was greeted: its idle time counts from now. */
void session_fault_start(struct visit *visit);

/* Whether a session.update counts for nothing, and what is said when its answer is due. */
bool session_fault_refuses_update(const struct visit *visit);
void session_fault_answer_update(struct visit *visit);

/* The age in ns at which the fault ends the session; INT64_MAX: at none. */
int64_t session_fault_cap(const struct visit *visit);

/* Ends the session at that age. */
void session_fault_expire(struct visit *visit);

/* What visit.idle is for. */
timer_fn session_fault_on_idle;

/* The client's Close frame came and was not answered: what no_close_answer is about. */
void session_fault_closed(struct visit *visit);

#endif
