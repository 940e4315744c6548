#include "simulator/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PADDED_LENGTH 16 /* of a delta with its obfuscation, in all logged samples */

/* What the model says: piece n of any response. Plain words without meaning. */
static const char *piece(uint64_t n)
{
    static const char *const words[] = {"Yes",  ",",    " the",  " line", " is",   " clear", " and",
                                        " I",   " can", " hear", " you",  " well", ",",      " so",
                                        " let", " us",  " go",   " on",   " from", " here"};
    return words[n % (sizeof words / sizeof *words)];
}

static void open_event(struct text *out, struct identifiers *ids, const char *type)
{
    char event_id[IDENTIFIER_SIZE];
    identifier_make(ids, "event_", event_id);
    text_puts(out, "{\"type\":\"");
    text_puts(out, type);
    text_puts(out, "\",\"event_id\":\"");
    text_puts(out, event_id);
    text_puts(out, "\"");
}

static int output_index(const struct reply *reply)
{
    return reply->preamble_id[0] == '\0' ? 0 : 1;
}

/* response_id and, for events about the item's content, item_id and the indexes. */
static void add_place(const struct reply *reply, bool in_content, struct text *out)
{
    text_puts(out, ",\"response_id\":\"");
    text_puts(out, reply->id);
    if (in_content) {
        text_puts(out, "\",\"item_id\":\"");
        text_puts(out, reply->item_id);
        text_printf(out, "\",\"output_index\":%d,\"content_index\":0", output_index(reply));
    } else {
        text_printf(out, "\",\"output_index\":%d", output_index(reply));
    }
}

/* Everything said so far, as a JSON string. */
static void add_words(const struct reply *reply, struct text *out)
{
    text_puts(out, "\"");
    for (uint64_t i = 0; i < reply->deltas; i++) text_puts(out, piece(i));
    text_puts(out, "\"");
}

static void add_limit(uint64_t tokens, struct text *out)
{
    if (tokens == 0) {
        text_puts(out, "\"inf\"");
    } else {
        text_printf(out, "%" PRIu64, tokens);
    }
}

static void add_string_or_null(const char *string, struct text *out)
{
    text_json(out, *string == '\0' ? NULL : string);
}

/* The assistant's item; `content`: including what was said. */
static void add_item(const struct reply *reply, const char *status, bool content, struct text *out)
{
    text_printf(out,
                "{\"id\":\"%s\",%s\"type\":\"message\",\"status\":\"%s\",\"role\":\"assistant\",",
                reply->item_id, reply->preview ? "\"object\":\"realtime.item\"," : "", status);
    if (reply->phase != NULL) text_printf(out, "\"phase\":\"%s\",", reply->phase);
    text_puts(out, "\"content\":[");
    if (content) {
        const char *prefix = reply->preview ? "" : "output_";
        text_printf(out,
                    reply->audio ? "{\"type\":\"%saudio\",\"transcript\":"
                                 : "{\"type\":\"%stext\",\"text\":",
                    prefix);
        add_words(reply, out);
        text_puts(out, "}");
    }
    text_puts(out, "]}");
}

static const char *item_status(bool done, enum reply_status status)
{
    if (!done) return "in_progress";
    return status == REPLY_COMPLETED ? "completed" : "incomplete";
}

/* The members of a response object after its output. */
static void add_configuration(const struct reply *reply, const struct settings *settings,
                              struct text *out)
{
    text_puts(out, ",\"conversation_id\":");
    add_string_or_null(reply->conversation_id, out);
    if (reply->preview) {
        text_puts(out, reply->audio_asked ? ",\"modalities\":[\"audio\",\"text\"]"
                                          : ",\"modalities\":[\"text\"]");
        text_printf(out, ",\"voice\":%s", settings_value(settings, "voice"));
        text_printf(out, ",\"output_audio_format\":%s",
                    settings_value(settings, "output_audio_format"));
        text_printf(out, ",\"temperature\":%s", settings_value(settings, "temperature"));
    } else {
        text_puts(out, reply->audio_asked ? ",\"output_modalities\":[\"audio\"]"
                                          : ",\"output_modalities\":[\"text\"]");
    }
    text_puts(out, ",\"max_output_tokens\":"); /* the same name in both dialects (section 4.5) */
    add_limit(reply->max_output_tokens, out);
    if (reply->preview) return;
    text_printf(out, ",\"audio\":{\"output\":{\"format\":%s",
                settings_value(settings, "audio.output.format"));
    text_printf(out, ",\"voice\":%s}}", settings_value(settings, "audio.output.voice"));
}

static void open_response(const struct reply *reply, const char *status, struct text *out)
{
    text_printf(out,
                ",\"response\":{\"object\":\"realtime.response\",\"id\":\"%s\",\"status\":\"%s\","
                "\"status_details\":",
                reply->id, status);
}

static void close_response(const struct reply *reply, struct text *out)
{
    text_puts(out, ",\"metadata\":");
    text_puts(out, reply->metadata != NULL ? reply->metadata : "null");
    text_puts(out, "}}");
}

void reply_created(const struct reply *reply, const struct settings *settings,
                   struct identifiers *ids, struct text *out)
{
    open_event(out, ids, "response.created");
    open_response(reply, "in_progress", out);
    text_puts(out, "null,\"output\":[]");
    add_configuration(reply, settings, out);
    text_puts(out, ",\"usage\":null");
    close_response(reply, out);
}

void reply_output_item(const struct reply *reply, bool done, enum reply_status status,
                       struct identifiers *ids, struct text *out)
{
    open_event(out, ids, done ? "response.output_item.done" : "response.output_item.added");
    add_place(reply, false, out);
    text_puts(out, ",\"item\":");
    add_item(reply, item_status(done, status), done, out);
    text_puts(out, "}");
}

bool reply_conversation_item(const struct reply *reply, bool done, enum reply_status status,
                             struct identifiers *ids, struct text *out)
{
    if (reply->preview && done) return false;
    const char *added = reply->preview ? "conversation.item.created" : "conversation.item.added";
    open_event(out, ids, done ? "conversation.item.done" : added);
    text_puts(out, ",\"previous_item_id\":");
    add_string_or_null(reply->previous_item_id, out);
    text_puts(out, ",\"item\":");
    add_item(reply, item_status(done, status), done, out);
    text_puts(out, "}");
    return true;
}

/* A part is of type text or audio in both dialects (section 4.2, traps). */
void reply_content_part(const struct reply *reply, bool done, struct identifiers *ids,
                        struct text *out)
{
    open_event(out, ids, done ? "response.content_part.done" : "response.content_part.added");
    add_place(reply, true, out);
    text_puts(out, reply->audio ? ",\"part\":{\"type\":\"audio\",\"transcript\":"
                                : ",\"part\":{\"type\":\"text\",\"text\":");
    if (done) {
        add_words(reply, out);
    } else {
        text_puts(out, "\"\"");
    }
    text_puts(out, "}}");
}

/* The name of an output event: GA puts "output_" before the kind. */
static void open_output_event(const struct reply *reply, const char *kind, const char *end,
                              struct identifiers *ids, struct text *out)
{
    char type[64];
    (void)snprintf(type, sizeof type, "response.%s%s.%s", reply->preview ? "" : "output_", kind,
                   end);
    open_event(out, ids, type);
    add_place(reply, true, out);
}

void reply_text_delta(const struct reply *reply, struct identifiers *ids, struct text *out)
{
    const char *delta = piece(reply->deltas);
    open_output_event(reply, reply->audio ? "audio_transcript" : "text", "delta", ids, out);
    text_puts(out, ",\"delta\":\"");
    text_puts(out, delta);
    if (!reply->preview) {
        char padding[PADDED_LENGTH + 1];
        random_alphanumeric(&ids->random, padding, PADDED_LENGTH - strlen(delta));
        text_puts(out, "\",\"obfuscation\":\"");
        text_puts(out, padding);
    }
    text_puts(out, "\"}");
}

void reply_text_done(const struct reply *reply, struct identifiers *ids, struct text *out)
{
    open_output_event(reply, reply->audio ? "audio_transcript" : "text", "done", ids, out);
    text_puts(out, reply->audio ? ",\"transcript\":" : ",\"text\":");
    add_words(reply, out);
    text_puts(out, "}");
}

void reply_audio_delta(const struct reply *reply, const char *base64, struct identifiers *ids,
                       struct text *out)
{
    open_output_event(reply, "audio", "delta", ids, out);
    text_puts(out, ",\"delta\":\"");
    text_puts(out, base64 == NULL ? "" : base64);
    text_puts(out, "\"}");
}

void reply_audio_done(const struct reply *reply, struct identifiers *ids, struct text *out)
{
    open_output_event(reply, "audio", "done", ids, out);
    text_puts(out, "}");
}

static void add_status_details(const struct reply_end *end, struct text *out)
{
    switch (end->status) {
    case REPLY_COMPLETED:
        text_puts(out, "null");
        break;
    case REPLY_CANCELLED:
        text_printf(out, "{\"type\":\"cancelled\",\"reason\":\"%s\"}", end->reason);
        break;
    case REPLY_INCOMPLETE:
        text_printf(out, "{\"type\":\"incomplete\",\"reason\":\"%s\"}", end->reason);
        break;
    case REPLY_FAILED:
        text_puts(out, "{\"type\":\"failed\",\"error\":{\"type\":");
        text_json(out, end->error->type);
        text_puts(out, ",\"code\":");
        text_json(out, end->error->code);
        text_puts(out, ",\"message\":");
        text_json(out, end->error->message);
        text_puts(out, "}}");
        break;
    }
}

struct reply reply_preamble(const struct reply *reply)
{
    struct reply preamble = *reply;
    memcpy(preamble.item_id, reply->preamble_id, sizeof preamble.item_id);
    preamble.preamble_id[0] = '\0';
    preamble.phase = "commentary";
    preamble.deltas = PREAMBLE_DELTAS;
    return preamble;
}

void reply_done(const struct reply *reply, const struct reply_end *end, bool has_item,
                const struct settings *settings, struct identifiers *ids, struct text *out)
{
    static const char *const names[] = {"completed", "cancelled", "incomplete", "failed"};
    open_event(out, ids, "response.done");
    open_response(reply, names[end->status], out);
    add_status_details(end, out);
    text_puts(out, ",\"output\":[");
    if (reply->preamble_id[0] != '\0') {
        const struct reply preamble = reply_preamble(reply);
        add_item(&preamble, item_status(true, REPLY_COMPLETED), true, out);
        if (has_item) text_puts(out, ",");
    }
    if (has_item) add_item(reply, item_status(true, end->status), true, out);
    text_puts(out, "]");
    add_configuration(reply, settings, out);
    text_puts(out, ",\"usage\":");
    usage_object(&reply->usage, reply->preview, out);
    close_response(reply, out);
}
