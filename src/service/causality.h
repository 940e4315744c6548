/*
 * What can follow: which events a service may send in which state of a session. An answer needs a
 * question: one that came without would be credited to whatever is asked next. Pure.
 */
#ifndef RUSHHOUR_SERVICE_CAUSALITY_H
#define RUSHHOUR_SERVICE_CAUSALITY_H

#include "realtime/event.h"

#include <stdbool.h>

/* Where a session stands, as far as the order of events goes. */
enum standing {
    STANDING_OPENING,  /* session.created is awaited */
    STANDING_SETTING,  /* session.updated is awaited */
    STANDING_IDLE,     /* ready, and nothing was asked */
    STANDING_ASKED,    /* a turn was sent, and its response has not begun */
    STANDING_ANSWERED, /* its response has begun */
    STANDING_COUNT
};

/*
 * NULL if the event can follow. Otherwise what is wrong with it, in words that live for ever: a
 * violation of the protocol. late: the answer to an earlier turn, which an error ended, may still
 * come. Errors, side products and events of unknown types can always follow.
 */
const char *causality_objection(enum standing standing, bool late, const struct event_facts *event);

#endif
