/* What clients send: each event is told by its type, checked as the service checks it, and acted
 * on. */
#ifndef RUSHHOUR_SIMULATOR_CLIENT_EVENT_H
#define RUSHHOUR_SIMULATOR_CLIENT_EVENT_H

#include "simulator/visit.h"

/* Takes one text message of a session that is ready, NUL-terminated; at_ns is when its bytes were
 * in hand. */
void client_event_take(struct visit *visit, const char *text, size_t length, uint64_t at_ns);

/* Complains that an event of this type is unknown: the message lists the others that a session
 * takes. */
void client_event_unknown(const char *type, struct complaint *complaint);

#endif
