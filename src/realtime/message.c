#include "realtime/message.h"

#include <stdbool.h>
#include <stddef.h>

/* Opens an event; whatever follows must begin with a comma. */
static void begin(struct text *out, const char *type, const char *event_id)
{
    text_printf(out, "{\"type\":\"%s\"", type);
    if (event_id != NULL) {
        text_puts(out, ",\"event_id\":");
        text_json(out, event_id);
    }
}

static void instructions(struct text *out, const struct session_settings *settings)
{
    if (settings->instructions == NULL) return;
    text_puts(out, ",\"instructions\":");
    text_json(out, settings->instructions);
}

static void output_limit(struct text *out, const char *key, uint64_t limit)
{
    if (limit > 0) text_printf(out, ",\"%s\":%llu", key, (unsigned long long)limit);
}

/* With audio, turn detection is off: we end the turns, not the service. */
static void settings_ga(struct text *out, const struct session_settings *settings)
{
    bool audio = settings->modality == MODALITY_AUDIO;
    text_printf(out, "\"type\":\"realtime\",\"output_modalities\":[\"%s\"]",
                audio ? "audio" : "text");
    instructions(out, settings);
    output_limit(out, "max_output_tokens", settings->max_output_tokens);
    if (audio) {
        text_puts(out, ",\"audio\":{\"input\":{\"format\":{\"type\":\"audio/"
                       "pcm\",\"rate\":24000},\"turn_detection\":null},"
                       "\"output\":{\"format\":{\"type\":\"audio/pcm\",\"rate\":24000}}}");
    }
}

static void settings_preview(struct text *out, const struct session_settings *settings)
{
    bool audio = settings->modality == MODALITY_AUDIO;
    text_printf(out, "\"modalities\":[\"text\"%s]", audio ? ",\"audio\"" : "");
    instructions(out, settings);
    output_limit(out, "max_response_output_tokens", settings->max_output_tokens);
    if (audio) {
        text_puts(out, ",\"input_audio_format\":\"pcm16\",\"output_audio_format\":\"pcm16\",\"turn_"
                       "detection\":null");
    }
}

void message_session_update(struct text *out, enum dialect dialect,
                            const struct session_settings *settings, const char *event_id)
{
    begin(out, "session.update", event_id);
    text_puts(out, ",\"session\":{");
    if (dialect == DIALECT_PREVIEW) {
        settings_preview(out, settings);
    } else {
        settings_ga(out, settings);
    }
    text_puts(out, "}}");
}

void message_user_text(struct text *out, const char *prompt, const char *event_id)
{
    begin(out, "conversation.item.create", event_id);
    text_puts(out, ",\"item\":{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
                   "\"input_text\",\"text\":");
    text_json(out, prompt);
    text_puts(out, "}]}}");
}

void message_response_create(struct text *out, const char *event_id)
{
    begin(out, "response.create", event_id);
    text_puts(out, "}");
}

void message_response_cancel(struct text *out, const char *event_id)
{
    begin(out, "response.cancel", event_id);
    text_puts(out, "}");
}
