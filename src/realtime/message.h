/* The client events that a session sends, as JSON text in the form of each dialect. */
#ifndef RUSHHOUR_REALTIME_MESSAGE_H
#define RUSHHOUR_REALTIME_MESSAGE_H

#include "base/text.h"
#include "base/words.h"

#include <stddef.h>
#include <stdint.h>

/* How users speak. What is 0 is not sent, so that the service's own default holds. */
struct speech_settings {
    enum audio_format format;
    enum turn_detection detection;
    double threshold; /* of server_vad, as are the next three */
    uint64_t prefix_ms, silence_ms, idle_timeout_ms;
    enum eagerness eagerness; /* of semantic_vad */
};

struct session_settings {
    enum modality modality;
    const struct speech_settings *speech; /* NULL: users write */
    const char *instructions;             /* NULL: not sent */
    uint64_t max_output_tokens;           /* 0: not sent */
    /* The service drops the oldest of a conversation of more than so many tokens, down to this
     * share of them; 0: not sent. Dialect preview has no such setting. */
    uint64_t truncate_above;
    double truncate_retain;
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

/* conversation.item.truncate: of an item's audio so much was heard. */
void message_truncate(struct text *out, const char *item_id, uint64_t heard_ms,
                      const char *event_id);

/* input_audio_buffer.append without an id of its own, so that all sessions can share it; and the
 * commit of what was appended. */
void message_append(struct text *out, const unsigned char *audio, size_t length);
void message_commit(struct text *out, const char *event_id);

#endif
