#include "simulator/input_audio.h"

#include "base/crypto.h"
#include "simulator/answer.h"
#include "simulator/conversation.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define APPEND_LIMIT ((size_t)15 * 1024 * 1024) /* of audio in one append */
#define LEAST_COMMIT_MS 100.0
#define TRANSCRIPT "Yes, the line is clear." /* what a transcription says, whatever was heard */

/* The transcription that the session asked for, which costs tokens or, with whisper, time. */
static void say_transcription(struct visit *visit, const char *item_id, double ms)
{
    const char *asked =
        settings_value(&visit->settings,
                       visit->preview ? "input_audio_transcription" : "audio.input.transcription");
    if (strcmp(asked, "null") == 0) return;
    struct text *out =
        visit_begin_event(visit, "conversation.item.input_audio_transcription.completed");
    text_printf(
        out, ",\"item_id\":\"%s\",\"content_index\":0,\"transcript\":\"" TRANSCRIPT "\",\"usage\":",
        item_id);
    uint64_t audio = token_count_audio_in((uint64_t)ms);
    uint64_t text = token_count_text(sizeof TRANSCRIPT - 1);
    if (strstr(asked, "whisper") != NULL) {
        text_printf(out, "{\"type\":\"duration\",\"seconds\":%.3g}}", ms / 1000);
    } else {
        text_printf(out,
                    "{\"type\":\"tokens\",\"total_tokens\":%" PRIu64 ",\"input_tokens\":%" PRIu64
                    ",\"input_token_details\":{\"text_tokens\":0,\"audio_tokens\":%" PRIu64
                    "},\"output_tokens\":%" PRIu64 "}}",
                    audio + text, audio, audio, text);
    }
    visit_say(visit);
}

/* Makes an item of so much audio, and empties the buffer. */
static void commit(struct visit *visit, const char *item_id, double ms)
{
    struct conversation *conversation = &visit->conversation;
    struct text *out = visit_begin_event(visit, "input_audio_buffer.committed");
    text_puts(out, ",\"previous_item_id\":");
    text_json(out, *conversation->last_item_id == '\0' ? NULL : conversation->last_item_id);
    text_printf(out, ",\"item_id\":\"%s\"}", item_id);
    visit_say(visit);
    conversation->stopped_ns = clock_mono_ns();
    conversation->spoken_ms = (uint64_t)ms;
    conversation_add_audio(visit, item_id, ms);
    say_transcription(visit, item_id, ms);
    conversation->audio_bytes = 0;
    detector_restart(&conversation->detector);
}

/* Starts the response that nobody asked for. */
static void respond(struct visit *visit, uint64_t at_ns)
{
    struct overrides overrides;
    struct complaint complaint;
    if (!settings_override(&visit->settings, NULL, &overrides, &complaint) ||
        !answer_ask(visit, &overrides, NULL, at_ns, &complaint))
        visit_complain(visit, &complaint, NULL);
}

static void start_turn(struct visit *visit, const struct detection *detection)
{
    struct conversation *conversation = &visit->conversation;
    timers_cancel(visit->site->service->timers, &visit->pause);
    identifier_make(&visit->site->service->ids, "item_", conversation->spoken_id);
    struct text *out = visit_begin_event(visit, "input_audio_buffer.speech_started");
    text_printf(out, ",\"audio_start_ms\":%" PRIu64 ",\"item_id\":\"%s\"}",
                conversation->detector.start_ms, conversation->spoken_id);
    visit_say(visit);
    if (detection->interrupt_response) answer_interrupt(visit);
}

static void end_turn(struct visit *visit, const struct detection *detection, uint64_t at_ns)
{
    struct conversation *conversation = &visit->conversation;
    const uint64_t end_ms = conversation->detector.heard_ms;
    struct text *out = visit_begin_event(visit, "input_audio_buffer.speech_stopped");
    text_printf(out, ",\"audio_end_ms\":%" PRIu64 ",\"item_id\":\"%s\"}", end_ms,
                conversation->spoken_id);
    visit_say(visit);
    commit(visit, conversation->spoken_id, (double)(end_ms - conversation->detector.start_ms));
    if (detection->create_response && visit->state != VISIT_OVER) respond(visit, at_ns);
}

static void hear(struct visit *visit, const unsigned char *audio, size_t length, uint64_t at_ns)
{
    struct conversation *conversation = &visit->conversation;
    const struct detection detection = detection_of(&visit->settings);
    if (detection.kind == DETECTION_NONE) conversation->detector.speaking = false;
    while (length > 0 && visit->state != VISIT_OVER) {
        size_t before = length;
        const uint64_t sound_ms = conversation->detector.sound_ms;
        enum heard heard = detector_listen(&conversation->detector, &detection, &audio, &length);
        conversation->audio_bytes += before - length;
        if (conversation->detector.sound_ms > sound_ms) conversation->sound_ns = at_ns;
        if (heard == HEARD_START) start_turn(visit, &detection);
        if (heard == HEARD_STOP) end_turn(visit, &detection, at_ns);
    }
}

bool input_audio_append(struct visit *visit, const cJSON *event, uint64_t at_ns,
                        struct complaint *complaint)
{
    const cJSON *audio = cJSON_GetObjectItemCaseSensitive(event, "audio");
    if (audio == NULL)
        return complain(complaint, "missing_required_parameter", "audio",
                        "Missing required parameter: 'audio'.");
    const char *base64 = cJSON_GetStringValue(audio);
    size_t digits = base64 == NULL ? 0 : strlen(base64);
    size_t length = 0;
    bool good = base64 != NULL && base64_decoded_length(base64, digits, &length);
    if (good && length > APPEND_LIMIT)
        return complain(complaint, "string_above_max_length", "audio",
                        "Invalid 'audio': at most 15 MiB in one event.");
    unsigned char *bytes = malloc(digits / 4 * 3 + 1);
    if (bytes == NULL)
        return complain(complaint, NULL, "", "The server has no memory for the audio.");
    if (good) good = base64_decode(base64, digits, true, bytes, &length);
    if (good) hear(visit, bytes, length, at_ns);
    free(bytes);
    return good || complain(complaint, "invalid_value", "audio",
                            "Invalid 'audio': expected base64-encoded audio bytes.");
}

bool input_audio_commit(struct visit *visit, struct complaint *complaint)
{
    struct conversation *conversation = &visit->conversation;
    const struct detection detection = detection_of(&visit->settings);
    double ms = detection_ms(&detection, conversation->audio_bytes);
    if (ms < LEAST_COMMIT_MS)
        return complain(complaint, "input_audio_buffer_commit_empty", "",
                        "Error committing input audio buffer: buffer too small. Expected at least "
                        "%.0fms of audio, but "
                        "buffer only has %.2fms of audio.",
                        LEAST_COMMIT_MS, ms);
    if (!conversation->detector.speaking)
        identifier_make(&visit->site->service->ids, "item_", conversation->spoken_id);
    commit(visit, conversation->spoken_id, ms);
    return true;
}

void input_audio_clear(struct visit *visit)
{
    visit->conversation.audio_bytes = 0;
    detector_restart(&visit->conversation.detector);
    text_puts(visit_begin_event(visit, "input_audio_buffer.cleared"), "}");
    visit_say(visit);
}

void input_audio_answered(struct visit *visit, uint64_t audio_ms)
{
    const struct detection detection = detection_of(&visit->settings);
    struct conversation *conversation = &visit->conversation;
    if (detection.idle_timeout_ms == 0 || conversation->detector.speaking) return;
    const uint64_t wait_ms = audio_ms + detection.idle_timeout_ms;
    conversation->quiet_since_ms = conversation->detector.heard_ms;
    visit_wait(visit, &visit->pause,
               clock_mono_ns() + service_real(visit->site->service, (int64_t)wait_ms * NS_PER_MS));
}

void input_audio_on_pause(struct timer *timer, uint64_t now_ns)
{
    struct visit *visit = (struct visit *)(void *)((char *)timer - offsetof(struct visit, pause));
    struct conversation *conversation = &visit->conversation;
    const struct detection detection = detection_of(&visit->settings);
    const uint64_t end_ms = conversation->detector.heard_ms;
    const uint64_t start_ms = conversation->quiet_since_ms;
    if (visit->state != VISIT_READY || detection.idle_timeout_ms == 0 ||
        conversation->detector.speaking || answer_active_id(visit) != NULL)
        return;
    identifier_make(&visit->site->service->ids, "item_", conversation->spoken_id);
    struct text *out = visit_begin_event(visit, "input_audio_buffer.timeout_triggered");
    text_printf(out,
                ",\"audio_start_ms\":%" PRIu64 ",\"audio_end_ms\":%" PRIu64 ",\"item_id\":\"%s\"}",
                start_ms, end_ms, conversation->spoken_id);
    visit_say(visit);
    commit(visit, conversation->spoken_id, (double)(end_ms - start_ms));
    if (visit->state != VISIT_OVER) respond(visit, now_ns);
    if (visit->state != VISIT_OVER) ws_peer_flush(visit->peer);
}
