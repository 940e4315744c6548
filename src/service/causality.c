#include "service/causality.h"

#include <stddef.h>

/* What is wrong with an event of each kind where it cannot be. */
struct objections {
    const char *early;    /* before the session can be asked */
    const char *unasked;  /* nothing was asked */
    const char *unopened; /* the response has not begun */
};

static const struct objections *objections_to(enum event_kind kind)
{
    static const struct objections created = {
        .early = "response.created before the session was ready",
        .unasked = "response.created without a response.create",
    };
    static const struct objections output = {
        .early = "output of a response before the session was ready",
        .unasked = "output of a response without a response.create",
        .unopened = "output of a response before its response.created",
    };
    static const struct objections done = {
        .early = "response.done before the session was ready",
        .unasked = "response.done without a response.create",
        .unopened = "response.done, as a success, before its response.created",
    };
    switch (kind) {
    case EVENT_RESPONSE_CREATED:
        return &created;
    case EVENT_TEXT_DELTA:
    case EVENT_AUDIO_DELTA:
    case EVENT_TRANSCRIPT_DELTA:
    case EVENT_TOOL_DELTA:
    case EVENT_ITEM_ADDED:
        return &output;
    case EVENT_RESPONSE_DONE:
        return &done;
    default:
        return NULL;
    }
}

/* Nothing is credited for a response that failed or was cancelled, so it may say so at once. */
static bool is_credited(const struct event_facts *event)
{
    return event->kind != EVENT_RESPONSE_DONE || event->status == STATUS_COMPLETED ||
           event->status == STATUS_INCOMPLETE;
}

const char *causality_objection(enum standing standing, bool late, const struct event_facts *event)
{
    const struct objections *objections = objections_to(event->kind);
    if (event->kind == EVENT_SESSION_CREATED && standing != STANDING_OPENING)
        return "a second session.created";
    if (event->kind == EVENT_SESSION_UPDATED && standing == STANDING_OPENING)
        return "session.updated before session.created";
    if (objections == NULL) return NULL;
    switch (standing) {
    case STANDING_OPENING:
    case STANDING_SETTING:
        return objections->early;
    case STANDING_IDLE:
        return late ? NULL : objections->unasked;
    case STANDING_ASKED:
        return late || !is_credited(event) ? NULL : objections->unopened;
    case STANDING_ANSWERED:
        return !late && event->kind == EVENT_RESPONSE_CREATED
                   ? "a second response.created for one response.create"
                   : NULL;
    case STANDING_COUNT:
        break;
    }
    return NULL;
}
