#include "service/heard.h"

#include <stdio.h>

static void take_garbage(struct heard *out, const char *type)
{
    out->garbage = true;
    out->audio_bytes = 0;
    out->binary = false;
    out->event.kind = EVENT_INVALID;
    (void)snprintf(out->type, sizeof out->type, "%s", type);
}

void heard_text(struct heard *out, const char *message, size_t length)
{
    const enum event_kind kind = event_scan(message, length, out->type);
    if (kind == EVENT_INVALID) {
        take_garbage(out, "(invalid)");
        return;
    }
    out->binary = false;
    out->garbage = event_carries_facts(kind) && !event_parse(kind, message, length, &out->event);
    out->event.kind = kind;
    out->audio_bytes = kind == EVENT_AUDIO_DELTA ? event_audio_bytes(message, length) : 0;
}

void heard_binary(struct heard *out)
{
    take_garbage(out, "(binary)");
    out->binary = true;
}
