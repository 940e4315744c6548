/* The client events that a session sends, as JSON text in the form of each dialect. */
#ifndef RUSHHOUR_REALTIME_MESSAGE_H
#define RUSHHOUR_REALTIME_MESSAGE_H

#include "base/text.h"
#include "base/words.h"

#include <stdint.h>

struct session_settings {
    enum modality modality;
    const char *instructions;   /* NULL: not sent */
    uint64_t max_output_tokens; /* 0: not sent */
    /* Further fields of `session` as JSON objects, or NULL. Each is merged into what came before
     * it: objects member by member, anything else (null, too) replaces the old value. */
    const char *extra[2];
};

/* Each appends one event; event_id is the client's own id for it. The caller owns the text. */
void message_session_update(struct text *out, enum dialect dialect,
                            const struct session_settings *settings, const char *event_id);
void message_user_text(struct text *out, const char *prompt,
                       const char *event_id); /* conversation.item.create */
void message_response_create(struct text *out, const char *event_id);
void message_response_cancel(struct text *out, const char *event_id);

#endif
