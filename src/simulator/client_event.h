/* Client events: each is recognised by its type, validated like the service does, and handled. */
#ifndef RUSHHOUR_SIMULATOR_CLIENT_EVENT_H
#define RUSHHOUR_SIMULATOR_CLIENT_EVENT_H

#include "simulator/visit.h"

/* Handles one text message of a session that is ready, NUL-terminated; at_ns is when its bytes had
 * been read. */
void client_event_take(struct visit *visit, const char *text, size_t length, uint64_t at_ns);

/* Reports that this event type is unknown: the message lists the others that a session accepts. */
void client_event_unknown(const char *type, struct complaint *complaint);

#endif
