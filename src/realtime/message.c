#include "realtime/message.h"

#include "base/crypto.h"

#include <cjson/cJSON.h>
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

static void add_limit(struct text *out, const char *key, uint64_t limit)
{
    if (limit > 0) text_printf(out, ",\"%s\":%llu", key, (unsigned long long)limit);
}

/* Without speech turn detection is off: we end the turns, not the service. */
static void turn_detection(struct text *out, const struct speech_settings *speech)
{
    static const char *const eagerness[] = {"auto", "low", "medium", "high"};
    if (speech == NULL || speech->detection == TURN_DETECTION_NONE) {
        text_puts(out, "\"turn_detection\":null");
        return;
    }
    const bool semantic = speech->detection == TURN_DETECTION_SEMANTIC_VAD;
    text_printf(out, "\"turn_detection\":{\"type\":\"%s\"",
                semantic ? "semantic_vad" : "server_vad");
    if (semantic && speech->eagerness != EAGERNESS_AUTO)
        text_printf(out, ",\"eagerness\":\"%s\"", eagerness[speech->eagerness]);
    if (!semantic) {
        if (speech->threshold > 0) text_printf(out, ",\"threshold\":%.4g", speech->threshold);
        add_limit(out, "prefix_padding_ms", speech->prefix_ms);
        add_limit(out, "silence_duration_ms", speech->silence_ms);
        add_limit(out, "idle_timeout_ms", speech->idle_timeout_ms);
    }
    text_puts(out, "}");
}

static const char *format_ga(const struct speech_settings *speech)
{
    static const char *const formats[] = {"{\"type\":\"audio/pcm\",\"rate\":24000}",
                                          "{\"type\":\"audio/pcmu\"}", "{\"type\":\"audio/pcma\"}"};
    return formats[speech == NULL ? AUDIO_FORMAT_PCM16 : speech->format];
}

/* As the Realtime API has it (OpenAI's specification 2.3.0: truncation, retention_ratio). */
static void truncation(struct text *out, const struct session_settings *settings)
{
    if (settings->truncate_above == 0) return;
    text_printf(out,
                ",\"truncation\":{\"type\":\"retention_ratio\",\"retention_ratio\":%.6g,"
                "\"token_limits\":{\"post_instructions\":%llu}}",
                settings->truncate_retain, (unsigned long long)settings->truncate_above);
}

static void settings_ga(struct text *out, const struct session_settings *settings)
{
    const bool audio = settings->modality == MODALITY_AUDIO;
    const char *format = format_ga(settings->speech);
    text_printf(out, "\"type\":\"realtime\",\"output_modalities\":[\"%s\"]",
                audio ? "audio" : "text");
    instructions(out, settings);
    add_limit(out, "max_output_tokens", settings->max_output_tokens);
    truncation(out, settings);
    if (!audio && settings->speech == NULL) return;
    text_printf(out, ",\"audio\":{\"input\":{\"format\":%s,", format);
    turn_detection(out, settings->speech);
    text_puts(out, "}");
    if (audio) text_printf(out, ",\"output\":{\"format\":%s}", format);
    text_puts(out, "}");
}

static void settings_preview(struct text *out, const struct session_settings *settings)
{
    const bool audio = settings->modality == MODALITY_AUDIO;
    const char *format =
        audio_format_name(settings->speech == NULL ? AUDIO_FORMAT_PCM16 : settings->speech->format);
    text_printf(out, "\"modalities\":[\"text\"%s]", audio ? ",\"audio\"" : "");
    instructions(out, settings);
    add_limit(out, "max_response_output_tokens", settings->max_output_tokens);
    if (!audio && settings->speech == NULL) return;
    text_printf(out, ",\"input_audio_format\":\"%s\",", format);
    if (audio) text_printf(out, "\"output_audio_format\":\"%s\",", format);
    turn_detection(out, settings->speech);
}

/* Not a merge patch as in RFC 7386: a null is a value that the service must see. */
static bool lay_over(cJSON *under, const cJSON *over)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, over)
    {
        cJSON *old = cJSON_GetObjectItemCaseSensitive(under, member->string);
        if (cJSON_IsObject(old) && cJSON_IsObject(member)) {
            if (!lay_over(old, member)) return false;
            continue;
        }
        cJSON *copy = cJSON_Duplicate(member, true);
        bool put = old != NULL ? cJSON_ReplaceItemViaPointer(under, old, copy)
                               : cJSON_AddItemToObject(under, member->string, copy);
        if (!put) {
            cJSON_Delete(copy);
            return false;
        }
    }
    return true;
}

/* The object of `session` with the further fields in it; false without memory. */
static bool add_extra(struct text *object, const char *const extra[2])
{
    cJSON *session = cJSON_Parse(text_str(object));
    bool good = session != NULL;
    for (size_t i = 0; i < 2 && good; i++) {
        cJSON *over = extra[i] == NULL ? NULL : cJSON_Parse(extra[i]);
        good = extra[i] == NULL || (over != NULL && lay_over(session, over));
        cJSON_Delete(over);
    }
    char *json = good ? cJSON_PrintUnformatted(session) : NULL;
    text_clear(object);
    if (json != NULL) text_puts(object, json);
    cJSON_free(json);
    cJSON_Delete(session);
    return json != NULL;
}

void message_session_update(struct text *out, enum dialect dialect,
                            const struct session_settings *settings, const char *event_id)
{
    begin(out, "session.update", event_id);
    text_puts(out, ",\"session\":");
    struct text object = {0};
    text_puts(&object, "{");
    if (dialect == DIALECT_PREVIEW) {
        settings_preview(&object, settings);
    } else {
        settings_ga(&object, settings);
    }
    text_puts(&object, "}");
    bool extra = settings->extra[0] != NULL || settings->extra[1] != NULL;
    if (extra && !add_extra(&object, settings->extra)) out->failed = true;
    if (object.failed) out->failed = true;
    text_puts(out, text_str(&object));
    text_puts(out, "}");
    text_free(&object);
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

void message_truncate(struct text *out, const char *item_id, uint64_t heard_ms,
                      const char *event_id)
{
    begin(out, "conversation.item.truncate", event_id);
    text_puts(out, ",\"item_id\":");
    text_json(out, item_id);
    text_printf(out, ",\"content_index\":0,\"audio_end_ms\":%llu}", (unsigned long long)heard_ms);
}

void message_append(struct text *out, const unsigned char *audio, size_t length)
{
    begin(out, "input_audio_buffer.append", NULL);
    text_puts(out, ",\"audio\":\"");
    base64_encode(out, audio, length);
    text_puts(out, "\"}");
}

void message_commit(struct text *out, const char *event_id)
{
    begin(out, "input_audio_buffer.commit", event_id);
    text_puts(out, "}");
}
