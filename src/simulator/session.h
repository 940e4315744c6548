/* A session's own events: session.created, session.updated and its end by age. */
#ifndef RUSHHOUR_SIMULATOR_SESSION_H
#define RUSHHOUR_SIMULATOR_SESSION_H

#include "simulator/visit.h"

/* The 101 is sent: session.created follows when it is due. */
void session_open(struct visit *visit);

/* Answers a session.update that was accepted, or that a fault refuses; event_id is the client's, or
 * NULL. */
void session_configure(struct visit *visit, const char *event_id, uint64_t at_ns);

/* Sends what was due: session.created or session.updated. */
void session_go_on(struct visit *visit);

/* The session has reached its age limit: the callback of visit.expiry. */
timer_fn session_expire;

#endif
