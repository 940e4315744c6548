#include "simulator/speech.h"

#include "simulator/conversation.h"

#include <string.h>

static struct identifiers *ids_of(struct visit *visit)
{
    return &visit->site->service->ids;
}

void speech_created(struct visit *visit, const struct reply *reply)
{
    reply_created(reply, &visit->settings, ids_of(visit), visit_draft(visit));
    visit_say(visit);
}

void speech_item(struct visit *visit, const struct reply *reply)
{
    struct identifiers *ids = ids_of(visit);
    reply_output_item(reply, false, REPLY_COMPLETED, ids, visit_draft(visit));
    visit_say(visit);
    if (reply_conversation_item(reply, false, REPLY_COMPLETED, ids, visit_draft(visit)))
        visit_say(visit);
    reply_content_part(reply, false, ids, visit_draft(visit));
    visit_say(visit);
    if (reply->conversation_id[0] == '\0') return;
    conversation_remember(&visit->conversation, reply->item_id);
    memcpy(visit->conversation.last_item_id, reply->item_id, sizeof reply->item_id);
}

static const char *audio_of(const struct visit *visit)
{
    const char *format = settings_value(&visit->settings, visit->preview ? "output_audio_format"
                                                                         : "audio.output.format");
    return visit->site->service->audio[audio_coding_of(format)];
}

void speech_delta(struct visit *visit, struct reply *reply)
{
    struct identifiers *ids = ids_of(visit);
    reply_text_delta(reply, ids, visit_draft(visit));
    visit_say(visit);
    if (reply->audio) {
        reply_audio_delta(reply, audio_of(visit), ids, visit_draft(visit));
        visit_say(visit);
    }
    reply->deltas++;
}

void speech_count(struct visit *visit, struct reply *reply)
{
    struct usage_count *usage = &reply->usage;
    struct token_context *context = &visit->conversation.context;
    const uint64_t said = reply->deltas + (reply->preamble_id[0] == '\0' ? 0 : PREAMBLE_DELTAS);
    usage->text_out = said + usage->reasoning;
    if (reply->audio)
        usage->audio_out = token_count_audio_out(said * visit->site->service->audio_ms);
    if (reply->conversation_id[0] == '\0') return;
    context->text += said; /* thoughts are not kept */
    context->audio += usage->audio_out;
}

/* Order: section 4.4; for audio section 4.6. */
static void say_item_done(struct visit *visit, const struct reply *reply, enum reply_status status)
{
    struct identifiers *ids = ids_of(visit);
    if (reply->audio) {
        reply_audio_done(reply, ids, visit_draft(visit));
        visit_say(visit);
    }
    reply_text_done(reply, ids, visit_draft(visit));
    visit_say(visit);
    reply_content_part(reply, true, ids, visit_draft(visit));
    visit_say(visit);
    if (reply_conversation_item(reply, true, status, ids, visit_draft(visit))) visit_say(visit);
    reply_output_item(reply, true, status, ids, visit_draft(visit));
    visit_say(visit);
}

void speech_preamble(struct visit *visit, struct reply *reply)
{
    char id[IDENTIFIER_SIZE];
    identifier_make(ids_of(visit), "item_", id);
    struct reply preamble = *reply;
    memcpy(preamble.item_id, id, sizeof id);
    preamble.phase = "commentary";
    speech_item(visit, &preamble);
    for (int i = 0; i < PREAMBLE_DELTAS; i++) speech_delta(visit, &preamble);
    say_item_done(visit, &preamble, REPLY_COMPLETED);
    memcpy(reply->preamble_id, id, sizeof id);
    if (reply->conversation_id[0] != '\0') memcpy(reply->previous_item_id, id, sizeof id);
}

void speech_done(struct visit *visit, const struct reply *reply, const struct reply_end *end,
                 bool has_item)
{
    if (has_item) say_item_done(visit, reply, end->status);
    reply_done(reply, end, has_item, &visit->settings, ids_of(visit), visit_draft(visit));
    visit_say(visit);
}
