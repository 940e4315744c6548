#include "simulator/aside.h"

#include "simulator/answer_fault.h"

#include <string.h>

#define FLOOD_EVENTS 10000
#define OVERSIZE ((size_t)32 * 1024 * 1024)

/* An error event unrelated to anything that the client sent. */
static void say_error(struct visit *visit, const struct reply *reply, enum fault_kind kind)
{
    struct complaint complaint;
    const struct fault_facts facts = {.session_id = visit->session_id,
                                      .model = site_model(visit->site)};
    answer_fault_complaint(answer_fault(kind), reply, &facts, &complaint);
    visit_complain(visit, &complaint, NULL);
}

/* For the item that the response answers (realtime protocol, section 5). */
static void say_transcription_failed(struct visit *visit, const struct reply *reply)
{
    const char *item =
        reply->previous_item_id[0] != '\0' ? reply->previous_item_id : reply->item_id;
    struct text *out =
        visit_begin_event(visit, "conversation.item.input_audio_transcription.failed");
    text_puts(out, ",\"item_id\":");
    text_json(out, item);
    text_puts(out, ",\"content_index\":0,\"error\":{\"type\":\"transcription_error\",\"code\":"
                   "\"audio_unintelligible\",\"message\":\"The audio could not be transcribed.\","
                   "\"param\":null}}");
    visit_say(visit);
}

static void say_unknown(struct visit *visit, const struct reply *reply)
{
    struct text *out = visit_begin_event(visit, "response.novelty.added");
    text_printf(out, ",\"response_id\":\"%s\",\"novelty\":{}}", reply->id);
    visit_say(visit);
}

/* An event that breaks off in the middle of its type. */
static void say_invalid_json(struct visit *visit)
{
    struct text *out = visit_draft(visit);
    text_puts(out, "{\"event_id\":\"event_0\",\"type\":\"response.output_te");
    visit_say(visit);
}

/* A delta up to the string that holds its content. */
static struct text *open_delta(struct visit *visit, const struct reply *reply)
{
    static const char *const types[2][2] = {
        {"response.output_text.delta", "response.output_audio_transcript.delta"},
        {"response.text.delta", "response.audio_transcript.delta"}};
    struct text *out = visit_begin_event(visit, types[reply->preview][reply->audio]);
    text_printf(out,
                ",\"response_id\":\"%s\",\"item_id\":\"%s\",\"output_index\":0,\"content_index\":0,"
                "\"delta\":\"",
                reply->id, reply->item_id);
    return out;
}

/* The first two bytes of a three-byte character. */
static void say_invalid_utf8(struct visit *visit, const struct reply *reply)
{
    struct text *out = open_delta(visit, reply);
    text_puts(out, "\xE2\x82\"}");
    visit_say(visit);
}

/* A delta of 32 MiB in total, valid except for its size. */
static void say_oversized(struct visit *visit, const struct reply *reply)
{
    static char letters[64 * 1024];
    memset(letters, 'a', sizeof letters);
    ws_peer_flush(visit->peer); /* earlier messages must not wait for it */
    struct text *out = open_delta(visit, reply);
    size_t left = OVERSIZE - 2 - out->length;
    while (left > 0) {
        size_t now = left < sizeof letters ? left : sizeof letters;
        text_append(out, letters, now);
        left -= now;
    }
    text_puts(out, "\"}");
    visit_say(visit);
    ws_peer_flush(visit->peer);
    text_free(&visit->site->service->draft); /* no other event needs that much */
}

void aside_say(struct visit *visit, const struct reply *reply, enum fault_kind kind)
{
    switch (kind) {
    case FAULT_TRANSCRIPTION_FAILED:
        say_transcription_failed(visit, reply);
        break;
    case FAULT_UNKNOWN_EVENT:
        say_unknown(visit, reply);
        break;
    case FAULT_EVENT_FLOOD:
        for (int i = 0; i < FLOOD_EVENTS; i++) say_unknown(visit, reply);
        break;
    case FAULT_INVALID_JSON:
        say_invalid_json(visit);
        break;
    case FAULT_BINARY_FRAME:
        ws_peer_send_raw(visit->peer, WS_BINARY, "\0\1\2\3", 4);
        break;
    case FAULT_INVALID_UTF8:
        say_invalid_utf8(visit, reply);
        break;
    case FAULT_OVERSIZED_MESSAGE:
        say_oversized(visit, reply);
        break;
    default:
        say_error(visit, reply, kind);
        break;
    }
}

void aside_speech_started(struct visit *visit)
{
    char item_id[IDENTIFIER_SIZE];
    identifier_make(&visit->site->service->ids, "item_", item_id);
    struct text *out = visit_begin_event(visit, "input_audio_buffer.speech_started");
    uint64_t age_ns = clock_mono_ns() - visit->opened_ns;
    uint64_t ms = service_run(visit->site->service, age_ns) / (uint64_t)NS_PER_MS;
    text_printf(out, ",\"audio_start_ms\":%llu,\"item_id\":\"%s\"}", (unsigned long long)ms,
                item_id);
    visit_say(visit);
}
