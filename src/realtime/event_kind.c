#include "realtime/event.h"

#include <string.h>

struct known_type {
    const char *name;
    size_t length;
    enum event_kind kind;
};

#define TYPE(name, kind)                                                                           \
    {                                                                                              \
        name, sizeof name - 1, kind                                                                \
    }

/* All server events of all dialects. The most frequent come first, because the table is searched
 * from the start. */
static const struct known_type types[] = {
    TYPE("response.output_audio.delta", EVENT_AUDIO_DELTA),
    TYPE("response.output_audio_transcript.delta", EVENT_TRANSCRIPT_DELTA),
    TYPE("response.output_text.delta", EVENT_TEXT_DELTA),
    TYPE("response.audio.delta", EVENT_AUDIO_DELTA),
    TYPE("response.audio_transcript.delta", EVENT_TRANSCRIPT_DELTA),
    TYPE("response.text.delta", EVENT_TEXT_DELTA),
    TYPE("response.function_call_arguments.delta", EVENT_TOOL_DELTA),
    TYPE("response.output_item.added", EVENT_ITEM_ADDED),
    TYPE("response.done", EVENT_RESPONSE_DONE),
    TYPE("response.created", EVENT_RESPONSE_CREATED),
    TYPE("rate_limits.updated", EVENT_RATE_LIMITS),
    TYPE("session.created", EVENT_SESSION_CREATED),
    TYPE("session.updated", EVENT_SESSION_UPDATED),
    TYPE("error", EVENT_ERROR),
    TYPE("conversation.created", EVENT_OTHER),
    TYPE("conversation.item.added", EVENT_OTHER),
    TYPE("conversation.item.created", EVENT_OTHER),
    TYPE("conversation.item.deleted", EVENT_OTHER),
    TYPE("conversation.item.done", EVENT_OTHER),
    TYPE("conversation.item.input_audio_transcription.completed", EVENT_OTHER),
    TYPE("conversation.item.input_audio_transcription.delta", EVENT_OTHER),
    TYPE("conversation.item.input_audio_transcription.failed", EVENT_TRANSCRIPTION_FAILED),
    TYPE("conversation.item.input_audio_transcription.segment", EVENT_OTHER),
    TYPE("conversation.item.retrieved", EVENT_OTHER),
    TYPE("conversation.item.truncated", EVENT_OTHER),
    TYPE("input_audio_buffer.cleared", EVENT_OTHER),
    TYPE("input_audio_buffer.committed", EVENT_OTHER),
    TYPE("input_audio_buffer.dtmf_event_received", EVENT_OTHER),
    TYPE("input_audio_buffer.speech_started", EVENT_SPEECH_STARTED),
    TYPE("input_audio_buffer.speech_stopped", EVENT_SPEECH_STOPPED),
    TYPE("input_audio_buffer.timeout_triggered", EVENT_OTHER),
    TYPE("mcp_list_tools.completed", EVENT_OTHER),
    TYPE("mcp_list_tools.failed", EVENT_OTHER),
    TYPE("mcp_list_tools.in_progress", EVENT_OTHER),
    TYPE("output_audio_buffer.cleared", EVENT_OTHER),
    TYPE("output_audio_buffer.started", EVENT_OTHER),
    TYPE("output_audio_buffer.stopped", EVENT_OTHER),
    TYPE("response.audio.done", EVENT_OTHER),
    TYPE("response.audio_transcript.done", EVENT_OTHER),
    TYPE("response.content_part.added", EVENT_OTHER),
    TYPE("response.content_part.done", EVENT_OTHER),
    TYPE("response.function_call_arguments.done", EVENT_OTHER),
    TYPE("response.mcp_call.completed", EVENT_OTHER),
    TYPE("response.mcp_call.failed", EVENT_OTHER),
    TYPE("response.mcp_call.in_progress", EVENT_OTHER),
    TYPE("response.mcp_call_arguments.delta", EVENT_TOOL_DELTA),
    TYPE("response.mcp_call_arguments.done", EVENT_OTHER),
    TYPE("response.output_audio.done", EVENT_OTHER),
    TYPE("response.output_audio_transcript.done", EVENT_OTHER),
    TYPE("response.output_item.done", EVENT_OTHER),
    TYPE("response.output_text.done", EVENT_OTHER),
    TYPE("response.text.done", EVENT_OTHER),
    TYPE("transcription_session.created", EVENT_OTHER),
    TYPE("transcription_session.updated", EVENT_OTHER),
};

enum event_kind event_kind_of(const char *type, size_t length)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].length == length && memcmp(types[i].name, type, length) == 0)
            return types[i].kind;
    }
    return EVENT_UNKNOWN;
}

bool event_carries_facts(enum event_kind kind)
{
    return kind == EVENT_SESSION_CREATED || kind == EVENT_RESPONSE_CREATED ||
           kind == EVENT_ITEM_ADDED || kind == EVENT_RESPONSE_DONE || kind == EVENT_ERROR;
}
