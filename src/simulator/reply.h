/* The events of one response, with the names and forms of each dialect (realtime protocol, sections
 * 4.2 to 4.6). Pure. */
#ifndef RUSHHOUR_SIMULATOR_REPLY_H
#define RUSHHOUR_SIMULATOR_REPLY_H

#include "base/text.h"
#include "simulator/complaint.h"
#include "simulator/identifier.h"
#include "simulator/settings.h"
#include "simulator/usage.h"

#include <stdbool.h>
#include <stdint.h>

#define ITEM_ID_SIZE 40 /* the longest id that a client may give an item is 32 bytes */

/* The facts that the events of a response contain. */
struct reply {
    bool preview, audio;
    bool audio_asked; /* as its configuration says */
    char id[IDENTIFIER_SIZE], item_id[IDENTIFIER_SIZE];
    char preamble_id[IDENTIFIER_SIZE];     /* of the item before; "": there is none */
    const char *phase;                     /* of the item; NULL: the model tells none */
    char previous_item_id[ITEM_ID_SIZE];   /* "" means null */
    char conversation_id[IDENTIFIER_SIZE]; /* "": out of band, null */
    uint64_t max_output_tokens;            /* 0 means "inf" */
    char *metadata;                        /* JSON, or NULL for null */
    uint64_t deltas;                       /* number of deltas so far: determines the text */
    struct usage_count usage;
};

#define PREAMBLE_DELTAS 2

enum reply_status { REPLY_COMPLETED, REPLY_CANCELLED, REPLY_INCOMPLETE, REPLY_FAILED };

/* How a response ends. */
struct reply_end {
    enum reply_status status;
    const char *reason;            /* of a cancelled or incomplete one */
    const struct complaint *error; /* of a failed one */
};

/* Each appends one event. `settings` gives the current voice and formats. */
void reply_created(const struct reply *reply, const struct settings *settings,
                   struct identifiers *ids, struct text *out);

/* The assistant's item: response.output_item.added or .done; status of the item when the response
 * ends. */
void reply_output_item(const struct reply *reply, bool done, enum reply_status status,
                       struct identifiers *ids, struct text *out);

/* conversation.item.added or .done; preview has conversation.item.created for added, and nothing
 * for done: then false. */
bool reply_conversation_item(const struct reply *reply, bool done, enum reply_status status,
                             struct identifiers *ids, struct text *out);
void reply_content_part(const struct reply *reply, bool done, struct identifiers *ids,
                        struct text *out);

/* The next piece of text, or of the transcript of audio: number reply->deltas. */
void reply_text_delta(const struct reply *reply, struct identifiers *ids, struct text *out);
void reply_text_done(const struct reply *reply, struct identifiers *ids, struct text *out);
void reply_audio_delta(const struct reply *reply, const char *base64, struct identifiers *ids,
                       struct text *out);
void reply_audio_done(const struct reply *reply, struct identifiers *ids, struct text *out);

/* The reply as its preamble alone. */
struct reply reply_preamble(const struct reply *reply);

/* response.done. has_item: the output includes the assistant's item, beside its preamble. */
void reply_done(const struct reply *reply, const struct reply_end *end, bool has_item,
                const struct settings *settings, struct identifiers *ids, struct text *out);

#endif
