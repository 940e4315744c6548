/* One message of the service as read: the kind of event, and its facts if it has any. */
#ifndef RUSHHOUR_SERVICE_HEARD_H
#define RUSHHOUR_SERVICE_HEARD_H

#include "realtime/event.h"

#include <stdbool.h>
#include <stddef.h>

struct heard {
    bool garbage; /* not an event: binary, or invalid JSON */
    bool binary;
    char type[EVENT_TYPE_SIZE]; /* its type as sent; "(invalid)" or "(binary)" if it has none */
    /* Only the kind is set unless the event carries facts that are needed. */
    struct event_facts event;
    uint64_t audio_bytes; /* of EVENT_AUDIO_DELTA, coded as the session asked for */
};

/* Reads a text message. Frequent events are recognised by a scan; only those that carry facts are
 * parsed. */
void heard_text(struct heard *out, const char *message, size_t length);

/* A binary message arrived, where none is expected. */
void heard_binary(struct heard *out);

#endif
