/* One message of the service, read: what kind of event it is, and its facts when it carries any. */
#ifndef RUSHHOUR_SERVICE_HEARD_H
#define RUSHHOUR_SERVICE_HEARD_H

#include "realtime/event.h"

#include <stdbool.h>
#include <stddef.h>

struct heard {
    bool garbage; /* no event: binary, or invalid JSON */
    bool binary;
    char type[EVENT_TYPE_SIZE]; /* as it was called; "(invalid)" or "(binary)" without a type */
    /* Only its kind is set unless the event carries facts that somebody reads. */
    struct event_facts event;
};

/* Reads a text message. Frequent events are told apart by a scan; only those that carry facts are
 * parsed. */
void heard_text(struct heard *out, const char *message, size_t length);

/* A binary message came, where there should be none. */
void heard_binary(struct heard *out);

#endif
